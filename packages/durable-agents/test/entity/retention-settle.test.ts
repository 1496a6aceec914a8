import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textMessage } from '../../src/agent/message.ts';
import { keepAll, keepLast, keepWhatFits } from '../../src/entity/retention.ts';
import { stateBytes } from '../../src/entity/retention-apply.ts';
import {
  checkMaxStateBytes,
  type KeepSettings,
  refuseTurn,
  roomProblem,
  settleTurn,
} from '../../src/entity/retention-settle.ts';
import { silentLogger } from '../../src/log.ts';
import { type AgentFailure, findAnswer } from '../../src/state/answer.ts';
import { emptyState, historyOf, type StateDocument } from '../../src/state/entity-state.ts';
import { conversationOf } from '../../src/state/history.ts';
import type { TurnEnding } from '../../src/state/record-turn.ts';
import { schemaProblems } from '../state/schema-1-1.ts';

const now = new Date('2026-03-02T00:00:00.000Z');
const createdAt = now.toISOString();
const context = { now, log: silentLogger, signal: new AbortController().signal, agentName: 'Joker' };
const limit = 100_000;
const everything: KeepSettings = { maxStateBytes: limit, retention: keepAll() };

const request = (correlationId: string, size = 10) => ({
  correlationId,
  createdAt,
  messages: [textMessage('user', 'q'.repeat(size))],
});
const answer = (size = 10): TurnEnding => ({
  status: 'completed',
  createdAt,
  response: { text: '', messages: [textMessage('assistant', 'a'.repeat(size))] },
});

function settle(state: StateDocument, correlationId: string, size: number, settings = everything) {
  return settleTurn(state, request(correlationId), answer(size), settings, context);
}

describe('a turn at the limit of its session', () => {
  it('is recorded when it fits', async () => {
    const { state, failure } = await settle(emptyState(), 't', 50_000);
    assert.equal(failure, undefined);
    assert.equal(findAnswer(state, 't')?.status, 'completed');
  });

  it('fails with both sizes when it does not, and everything before it stays', async () => {
    const { state: before } = await settle(emptyState(), 't1', 50_000);
    const { state, failure } = await settle(before, 't2', 60_000);
    assert.equal(failure?.code, 'stateTooLarge');
    const { stateBytes: size, maxStateBytes } = (failure as AgentFailure).details as {
      stateBytes: number;
      maxStateBytes: number;
    };
    assert.ok(size > 110_000 && maxStateBytes === limit);
    assert.deepEqual(findAnswer(state, 't2'), { status: 'failed', error: failure });
    assert.deepEqual(historyOf(state).slice(0, 2), historyOf(before));
    assert.equal(conversationOf(state).length, 2);
    assert.deepEqual(schemaProblems(JSON.parse(JSON.stringify(state))), []);
  });

  it('can fail a hundred times, and the session still fits and takes what is small enough', async () => {
    let { state } = await settle(emptyState(), 'first', 60_000);
    for (let index = 0; index < 100; index++) {
      const settled = await settle(state, `t${index}`, 60_000);
      assert.equal(findAnswer(settled.state, `t${index}`)?.status, 'failed');
      state = settled.state;
      assert.ok(stateBytes(state) <= limit);
    }
    assert.equal(findAnswer((await settle(state, 'small', 100)).state, 'small')?.status, 'completed');
  });

  it('that fails on its own failure is recorded with neither request nor work', async () => {
    const ending: TurnEnding = {
      status: 'failed',
      createdAt,
      failure: { code: 'modelUnavailable', message: 'Down.' },
      messages: [textMessage('assistant', 'x'.repeat(200_000))],
      authorName: 'Joker',
    };
    const { state, failure } = await settleTurn(emptyState(), request('t'), ending, everything, context);
    assert.equal(failure?.code, 'stateTooLarge');
    assert.ok(stateBytes(state) < 2_000);
  });

  it('lets older exchanges go where the policy yields', async () => {
    const settings = { maxStateBytes: limit, retention: keepWhatFits() };
    let state = emptyState();
    for (let index = 0; index < 50; index++) {
      const settled = await settle(state, `t${index}`, 10_000, settings);
      assert.equal(settled.failure, undefined);
      state = settled.state;
      assert.ok(stateBytes(state) <= limit);
    }
    assert.equal(findAnswer(state, 't49')?.status, 'completed');
  });

  it('that is too large alone fails, and nothing older is given up for it', async () => {
    const settings = { maxStateBytes: limit, retention: keepLast(5) };
    const { state: before } = await settle(emptyState(), 't1', 10_000, settings);
    const { state, failure } = await settle(before, 't2', 150_000, settings);
    assert.equal(failure?.code, 'stateTooLarge');
    assert.deepEqual(historyOf(state).slice(0, 2), historyOf(before));
  });

  it('in a document that is far beyond the limit already changes nothing', async () => {
    const { state: before } = await settle(emptyState(), 't1', 200_000, { ...everything, maxStateBytes: 1_000_000 });
    const { state, failure } = await settle(before, 't2', 10);
    assert.equal(failure?.code, 'stateTooLarge');
    assert.equal(state, before);
  });
});

describe('a request at the limit of its session', () => {
  it('is refused before a model is paid for it', async () => {
    const { state } = await settle(emptyState(), 't', 70_000);
    assert.equal(roomProblem(state, request('u', 10), everything), undefined);
    const problem = roomProblem(state, request('u', 20_000), everything);
    assert.equal(problem?.code, 'stateTooLarge');
    const refused = refuseTurn(state, request('u', 20_000), problem as never, everything, context);
    assert.deepEqual(findAnswer(refused.state, 'u'), { status: 'failed', error: problem });
  });

  it('only counts itself where older exchanges can go', async () => {
    const { state } = await settle(emptyState(), 't', 70_000);
    const settings = { maxStateBytes: limit, retention: keepWhatFits() };
    assert.equal(roomProblem(state, request('u', 50_000), settings), undefined);
    assert.equal(roomProblem(state, request('u', 90_000), settings)?.code, 'stateTooLarge');
  });
});

describe('the limit', () => {
  for (const value of [0, 65_535, 1.5, Number.NaN]) {
    it(`${value} is refused`, () => {
      assert.throws(() => checkMaxStateBytes(value), { code: 'invalidOption' });
    });
  }

  it('of 64 KiB and more is taken', () => {
    assert.equal(checkMaxStateBytes(65_536), 65_536);
  });
});
