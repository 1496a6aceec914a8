import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findAnswer } from '../../src/state/answer.ts';
import { emptyState } from '../../src/state/entity-state.ts';
import { findAnswerInText } from '../../src/state/find-answer.ts';
import { withExchange } from './turns.ts';

describe('the answer in the text of a state', () => {
  it('is the one that the document has, for any id', () => {
    const id = fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[0-9a-f]{32}$/));
    fc.assert(
      fc.property(id, id, (known, other) => {
        const state = withExchange(emptyState(), known, 'a', 'b');
        const text = JSON.stringify(state);
        for (const asked of [known, other]) {
          const { messageCount, ...answer } = findAnswerInText(text, asked) ?? {};
          assert.deepEqual(answer, findAnswer(state, asked) ?? {});
          assert.equal(messageCount, Object.keys(answer).length === 0 ? undefined : 2);
        }
      }),
    );
  });

  it('an id that is only mentioned is not an answer', () => {
    const id = 'c0ffee00c0ffee00c0ffee00c0ffee00';
    assert.equal(
      findAnswerInText(JSON.stringify(withExchange(emptyState(), 't', `What of ${id}?`, 'b')), id),
      undefined,
    );
  });

  it('a text that is cut off is a damaged state, whether it has the id or not', () => {
    const text = JSON.stringify(withExchange(emptyState(), 'known-turn', 'a', 'b')).slice(0, -2);
    for (const id of ['known-turn', 'another-turn']) {
      assert.throws(() => findAnswerInText(text, id), { code: 'invalidState' });
    }
  });
});
