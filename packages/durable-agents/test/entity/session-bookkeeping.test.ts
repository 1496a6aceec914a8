import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isBusy, readBookkeeping, writeBookkeeping } from '../../src/entity/session-bookkeeping.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState, type StateDocument } from '../../src/state/entity-state.ts';
import { foreignDocument } from '../state/documents.ts';

const at = '2026-03-01T10:00:00.000Z';
const active = { correlationId: 'a', instanceId: 'i', startedAt: at, request: { messages: [] } };
const queued = { correlationId: 'b', request: { messages: [] }, enqueuedAt: at };

function withOwn(own: unknown): StateDocument {
  const extensionData = { others: 1, 'durable-agents': own };
  return parseState(JSON.stringify({ schemaVersion: '1.1.0', data: { conversationHistory: [], extensionData } }));
}

function ownOf(state: StateDocument): unknown {
  return (state.data.extensionData as Record<string, unknown> | undefined)?.['durable-agents'];
}

describe('the bookkeeping of a session', () => {
  it('is empty for a session that has none', () => {
    assert.deepEqual(readBookkeeping(emptyState()), { turns: { queue: [] } });
    assert.equal(isBusy(readBookkeeping(foreignDocument())), false);
  });

  it('comes back from storage as it was', () => {
    const approvals = [{ callId: 'c', tool: 'refund' }];
    const part = {
      turns: { active: { ...active, approvals }, queue: [queued] },
      expiryCheck: { instanceId: 'x', dueAt: at },
    };
    const state = parseState(JSON.stringify(writeBookkeeping(emptyState(), part)));
    assert.deepEqual(readBookkeeping(state), part);
    assert.equal(isBusy(part), true);
  });

  it('a part that is not named stays as it is', () => {
    const check = { instanceId: 'x', dueAt: at };
    const first = writeBookkeeping(emptyState(), { expiryCheck: check });
    const both = writeBookkeeping(first, { turns: { queue: [queued] } });
    assert.deepEqual(readBookkeeping(both), { turns: { queue: [queued] }, expiryCheck: check });
    assert.deepEqual(readBookkeeping(writeBookkeeping(both, { expiryCheck: undefined })), {
      turns: { queue: [queued] },
    });
  });

  it('a session at rest leaves no trace', () => {
    const state = foreignDocument();
    const busy = writeBookkeeping(state, { turns: { active, queue: [] } });
    assert.notDeepEqual(busy, state);
    assert.deepEqual(writeBookkeeping(busy, { turns: { queue: [] } }), state);
    assert.equal(writeBookkeeping(state, { turns: { queue: [] } }), state);
  });

  it('unknown fields of a later version survive at every level', () => {
    const own = {
      later: 1,
      turns: { later: 2, active: { ...active, later: 3 }, queue: [{ ...queued, later: 4 }] },
      expiryCheck: { instanceId: 'x', dueAt: at, later: 5 },
    };
    const state = withOwn(own);
    const { turns, expiryCheck } = readBookkeeping(state);
    const after = writeBookkeeping(state, { turns, expiryCheck });
    assert.deepEqual(after, state);
    const rested = writeBookkeeping(state, { turns: { queue: [] }, expiryCheck: undefined });
    assert.deepEqual(ownOf(rested), { later: 1, turns: { later: 2 } });
    assert.equal((rested.data.extensionData as { others: number }).others, 1);
  });

  it('writing changes nothing in the document it was given', () => {
    const state = withOwn({ turns: { active, queue: [queued] } });
    const before = JSON.stringify(state);
    writeBookkeeping(state, { turns: { queue: [] } });
    assert.equal(JSON.stringify(state), before);
  });

  const broken: [string, unknown, RegExp][] = [
    ['is a list', [], /durable-agents/],
    ['has turns that are a text', { turns: 'x' }, /turns is not an object/],
    ['has a queue that is an object', { turns: { queue: {} } }, /turns\.queue/],
    [
      'has a waiting message without its request',
      { turns: { queue: [{ ...queued, request: 1 }] } },
      /queue\[0\]\.request/,
    ],
    [
      'has a running turn without a correlation id',
      { turns: { active: { ...active, correlationId: 7 } } },
      /active\.corr/,
    ],
    ['has approvals that are no objects', { turns: { active: { ...active, approvals: ['x'] } } }, /approvals/],
    ['has an expiry check without a time', { expiryCheck: { instanceId: 'x' } }, /expiryCheck\.dueAt/],
  ];
  for (const [what, own, message] of broken) {
    it(`that ${what} makes the state invalid, and the place is named`, () => {
      assert.throws(() => readBookkeeping(withOwn(own)), { code: 'invalidState', message });
    });
  }
});
