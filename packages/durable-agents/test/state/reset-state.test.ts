import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAnswer } from '../../src/state/answer.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState } from '../../src/state/entity-state.ts';
import { ownData, withOwnData } from '../../src/state/own-data.ts';
import { withReceipts } from '../../src/state/receipts.ts';
import { resetState, restartState } from '../../src/state/reset-state.ts';
import { foreignDocument } from './documents.ts';
import { withExchange } from './turns.ts';

const now = new Date('2026-03-02T00:00:00.000Z');
const turns = { queue: [{ correlationId: 'waiting' }] };
const busy = () =>
  withReceipts(withOwnData({ ...foreignDocument(), schemaVersion: '1.2.0' }, { turns }), [
    { correlationId: 'old', outcome: 'succeeded', completedAt: now.toISOString() },
  ]);

describe('a cleared conversation', () => {
  it('keeps version, deadline and waiting turns, and forgets the rest', () => {
    assert.deepEqual(resetState(busy(), now), {
      schemaVersion: '1.2.0',
      data: {
        conversationHistory: [],
        expirationTimeUtc: '2026-07-28T09:00:03.412Z',
        extensionData: { 'durable-agents': { turns } },
      },
    });
  });

  it('of schema 2 keeps its receipts without results', () => {
    const before = withExchange(emptyState('2.0.0'), 't1', 'secret', 'answer');
    const state = parseState(JSON.stringify(resetState(before, now)));
    assert.equal(state.schemaVersion, '2.0.0');
    assert.doesNotMatch(JSON.stringify(state), /secret|answer"/);
    const answer = findAnswer(state, 't1');
    assert.equal(answer?.status === 'failed' && answer.error.code, 'resultUnavailable');
  });
});

describe('a session that begins again after its deadline', () => {
  it('is a fresh document with the waiting turns of the old one', () => {
    const state = restartState(busy());
    assert.deepEqual(ownData(state), { turns });
    assert.deepEqual(
      { ...state, data: { ...state.data, extensionData: undefined } },
      {
        schemaVersion: '1.1.0',
        data: { conversationHistory: [], extensionData: undefined },
      },
    );
    assert.deepEqual(restartState(foreignDocument()), emptyState());
  });
});
