import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAnswer } from '../../src/state/answer.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState, type StateDocument } from '../../src/state/entity-state.ts';
import { conversationOf } from '../../src/state/history.ts';
import { expireResults, recordTurn } from '../../src/state/record-turn.ts';
import { completionReceipts, terminalResults } from '../../src/state/terminal-records.ts';
import { ending, failed, request, withExchange } from './turns.ts';

/** Through text, as storage does it. */
function stored(state: StateDocument): StateDocument {
  return parseState(JSON.stringify(state));
}

const second = (seconds: number) => new Date(Date.parse('2026-03-01T10:00:00Z') + seconds * 1000);

for (const version of ['1.1.0', '2.0.0'] as const) {
  describe(`a turn recorded in a document of version ${version}`, () => {
    it('is found with everything it had, and the version stays', () => {
      const state = stored(recordTurn(emptyState(version), request, ending));
      assert.equal(state.schemaVersion, version);
      assert.deepEqual(findAnswer(state, 'mine'), { status: 'completed', response: ending.response });
    });

    it('is found with its failure', () => {
      const state = stored(recordTurn(emptyState(version), request, failed));
      assert.deepEqual(findAnswer(state, 'mine'), { status: 'failed', error: failed.failure });
    });

    it('reaches the next model call as it was said', () => {
      const messages = conversationOf(stored(recordTurn(emptyState(version), request, ending)));
      assert.equal(messages[0]?.role, 'developer');
      assert.deepEqual(messages[1]?.contents, [{ type: 'uri', uri: 'https://x.example/a.png' }]);
      assert.deepEqual(messages[2]?.contents, ending.response.messages[0]?.contents);
    });

    for (const id of ['__proto__', 'constructor', 'toString', '7']) {
      it(`with the id ${id} is itself and no other`, () => {
        const empty = stored(emptyState(version));
        assert.equal(findAnswer(empty, id), undefined);
        const state = stored(withExchange(empty, id, 'a', 'b'));
        const answer = findAnswer(state, id);
        assert.equal(answer?.status === 'completed' && answer.response.text, 'b');
      });
    }
  });
}

describe('schema 2', () => {
  it('writes what the model said as it said it', () => {
    const text = JSON.stringify(recordTurn(emptyState('2.0.0'), request, ending).data.conversationHistory);
    assert.match(text, /"role":"developer"/);
    assert.match(text, /"arguments":" \{ \\"bro"/);
    assert.doesNotMatch(text, /mediaType|noMediaType/);
  });

  it('a turn in the history without a receipt has not ended', () => {
    const state = recordTurn(emptyState('2.0.0'), request, ending);
    const without = { ...state, data: { ...state.data, terminalResults: {}, completionReceipts: {} } };
    assert.equal(findAnswer(without, 'mine'), undefined);
  });

  it('a receipt whose result is missing makes the state invalid', () => {
    const state = recordTurn(emptyState('2.0.0'), request, ending);
    const without = { ...state, data: { ...state.data, terminalResults: {} } };
    assert.throws(() => findAnswer(without, 'mine'), { code: 'invalidState', message: /mine/ });
  });

  it('an expired result leaves the outcome, and the turn counts as ended', () => {
    const state = recordTurn(emptyState('2.0.0'), request, ending, { resultRetentionMs: 10_000 });
    assert.equal(expireResults(state, second(12)), state);
    const later = stored(expireResults(state, second(13)));
    assert.deepEqual(Object.keys(terminalResults(later)), []);
    assert.equal(completionReceipts(later).mine?.resultUnavailableAt, second(13).toISOString());
    const answer = findAnswer(later, 'mine');
    assert.deepEqual(answer?.status === 'failed' && [answer.error.code, answer.error.details], [
      'resultUnavailable',
      { outcome: 'succeeded', completedAt: ending.createdAt },
    ]);
    assert.equal(later.data.conversationHistory?.length, 2);
  });

  it('a result without an end is kept', () => {
    const state = recordTurn(emptyState('2.0.0'), request, ending, { resultRetentionMs: null });
    assert.equal(expireResults(state, second(10 ** 8)), state);
  });

  it('documents of schema 1 have no results that could expire', () => {
    const state = recordTurn(emptyState(), request, ending);
    assert.equal(expireResults(state, second(10 ** 8)), state);
    assert.deepEqual(Object.keys(state.data), ['conversationHistory']);
  });

  it('an error without words still has some', () => {
    const empty = { ...failed, failure: { code: ' ', message: '' } };
    const { error } = terminalResults(recordTurn(emptyState('2.0.0'), request, empty)).mine ?? {};
    assert.deepEqual(error, { code: 'agentFailed', message: 'agentFailed' });
  });

  const receipt = { correlationId: 'a', outcome: 'succeeded', completedAt: 'x', resultState: 'available' };
  const result = { correlationId: 'a', outcome: 'succeeded', completedAt: 'x', response: { messages: [] } };
  const broken: [string, object, RegExp][] = [
    ['no receipts', { completionReceipts: undefined }, /completionReceipts/],
    ['no history', { conversationHistory: undefined }, /conversationHistory/],
    ['a result under another key', { terminalResults: { b: result } }, /correlationId is not the key/],
    [
      'a result without a response',
      { terminalResults: { a: { ...result, response: undefined } } },
      /response is missing/,
    ],
    ['a failed result without an error', { terminalResults: { a: { ...result, outcome: 'failed' } } }, /error/],
    ['a successful result with an error', { terminalResults: { a: { ...result, error: {} } } }, /error is there/],
    ['an outcome that is null', { completionReceipts: { a: { ...receipt, outcome: null } } }, /outcome/],
    ['an outcome of another kind', { completionReceipts: { a: { ...receipt, outcome: 'unknown' } } }, /outcome/],
    [
      'a lost result without its time',
      { completionReceipts: { a: { ...receipt, resultState: 'unavailable' } } },
      /Unav/,
    ],
    ['an unknown state of a result', { completionReceipts: { a: { ...receipt, resultState: 'x' } } }, /resultState/],
  ];
  for (const [what, part, message] of broken) {
    it(`${what} makes the state invalid, and the place is named`, () => {
      const document = JSON.stringify({ schemaVersion: '2.0.0', data: { ...emptyState('2.0.0').data, ...part } });
      assert.throws(() => parseState(document), { code: 'invalidState', message });
    });
  }
});
