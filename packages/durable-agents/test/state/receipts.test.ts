import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAnswer } from '../../src/state/answer.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState } from '../../src/state/entity-state.ts';
import { findReceipt, type TurnReceipt, withReceipts } from '../../src/state/receipts.ts';

const at = '2026-03-01T10:00:00.000Z';
const receipt = (correlationId: string, outcome: TurnReceipt['outcome'] = 'succeeded') => ({
  correlationId,
  outcome,
  completedAt: at,
});

describe('the receipt of a turn that has left the history', () => {
  it('comes back from storage as it was', () => {
    const state = parseState(JSON.stringify(withReceipts(emptyState(), [receipt('a'), receipt('b', 'failed')])));
    assert.deepEqual(findReceipt(state, 'a'), receipt('a'));
    assert.deepEqual(findReceipt(state, 'b'), receipt('b', 'failed'));
    assert.equal(findReceipt(state, 'c'), undefined);
  });

  it('answers a repeated request: the turn has ended, its result is gone', () => {
    assert.deepEqual(findAnswer(withReceipts(emptyState(), [receipt('a', 'failed')]), 'a'), {
      status: 'failed',
      error: {
        code: 'resultUnavailable',
        message: 'The turn has ended, but its result is no longer kept.',
        details: { outcome: 'failed', completedAt: at },
      },
    });
  });

  it('the latest 1,000 are kept', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => receipt(`t${index}`));
    const state = withReceipts(emptyState(), many);
    assert.equal(findReceipt(state, 't0'), undefined);
    assert.deepEqual(findReceipt(state, 't1'), receipt('t1'));
    assert.deepEqual(findReceipt(state, 't1000'), receipt('t1000'));
  });

  it('without any, nothing is written', () => {
    const state = emptyState();
    assert.equal(withReceipts(state, []), state);
  });
});
