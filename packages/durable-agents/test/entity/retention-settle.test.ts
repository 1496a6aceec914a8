import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ChatMessage, textMessage } from '../../src/agent/message.ts';
import { keepAll, keepLast, keepWhatFits } from '../../src/entity/retention.ts';
import { stateBytes } from '../../src/entity/retention-apply.ts';
import {
  checkMaxStateBytes,
  type KeepSettings,
  refuseTurn,
  roomProblem,
  settleTurn,
} from '../../src/entity/retention-settle.ts';
import type { StateError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import { type AgentFailure, failureOf, findAnswer } from '../../src/state/answer.ts';
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

  it('in a document that is far beyond the limit already has an end too, and the document does not grow on', async () => {
    const { state: before } = await settle(emptyState(), 't1', 200_000, { ...everything, maxStateBytes: 1_000_000 });
    let state = before;
    for (let index = 0; index < 50; index++) {
      const settled = await settle(state, `u${index}`, 10);
      assert.deepEqual(findAnswer(settled.state, `u${index}`), { status: 'failed', error: settled.failure });
      state = settled.state;
    }
    assert.deepEqual(historyOf(state).slice(0, 2), historyOf(before));
    assert.ok(stateBytes(state) < stateBytes(before) + 16_384);
    const first = findAnswer(state, 'u0');
    assert.equal(
      first?.status === 'failed' && first.error.code,
      'resultUnavailable',
      'its record has gone, its end not',
    );
  });

  it('keeps in short what its tools did, so that it is not done again', async () => {
    const work = (count: number): ChatMessage[] =>
      Array.from({ length: count }, (_, index) => [
        { role: 'assistant' as const, contents: [call(`c${index}`, index === 0 ? 'x'.repeat(5_000) : 'to: you')] },
        { role: 'tool' as const, contents: [result(`c${index}`, index === 0 ? 'y'.repeat(90_000) : 'sent')] },
      ]).flat();
    const call = (callId: string, text: string) => ({
      type: 'functionCall' as const,
      callId,
      name: 'send',
      arguments: { text },
    });
    const result = (callId: string, value: string) => ({ type: 'functionResult' as const, callId, result: value });
    for (const count of [1, 3, 500]) {
      const messages = [...work(count), textMessage('assistant', 'z'.repeat(100_000))];
      const ending: TurnEnding = { status: 'completed', createdAt, response: { text: '', messages } };
      const { state, failure } = await settleTurn(emptyState(), request('t'), ending, everything, context);
      assert.equal(failure?.code, 'stateTooLarge');
      assert.ok(stateBytes(state) < 12_000, `${count}: ${stateBytes(state)}`);
      assert.deepEqual(schemaProblems(JSON.parse(JSON.stringify(state))), []);
      const seen = conversationOf(state);
      assert.deepEqual(
        seen.slice(-2).map(({ contents }) => contents.map(({ type }) => type)),
        [['functionCall'], ['functionResult']],
      );
      if (count < 500) assert.equal(seen.length, 2 * count);
      else assert.deepEqual(seen.at(-1)?.contents[0], result('c499', 'sent'));
      assert.doesNotMatch(JSON.stringify(seen), /zz/);
    }
  });

  it('leaves room for turns in a small document that has dropped thousands', async () => {
    const settings = { maxStateBytes: 65_536, retention: keepLast(1) };
    let state = emptyState();
    for (let index = 0; index < 1_500; index++) {
      const settled = await settle(state, index.toString().padStart(32, '0'), 10, settings);
      assert.equal(settled.failure, undefined, `turn ${index}`);
      state = settled.state;
    }
    const last = findAnswer(state, '1400'.padStart(32, '0'));
    assert.equal(last?.status === 'failed' && last.error.code, 'resultUnavailable');
    assert.ok(stateBytes(state) < 10_000);
  });
});

describe('a request at the limit of its session', () => {
  it('is refused before a model is paid for it', async () => {
    const { state } = await settle(emptyState(), 't', 70_000);
    assert.equal(roomProblem(state, request('u', 10), everything), undefined);
    const problem = roomProblem(state, request('u', 20_000), everything);
    assert.equal(problem?.code, 'stateTooLarge');
    const failure = failureOf(problem as StateError);
    const refused = refuseTurn(state, request('u', 20_000), failure, everything, context);
    assert.deepEqual(findAnswer(refused.state, 'u'), { status: 'failed', error: failure });
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
