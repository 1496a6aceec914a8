import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundText, utf8Bytes } from '../../src/agent/bound-text.ts';
import { describeError } from '../../src/agent/describe-error.ts';

test('a text within the bound stays, a longer one is cut within it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 8, max: 200 }), (text, maxBytes) => {
      const bounded = boundText(text, maxBytes);
      assert.ok(utf8Bytes(bounded) <= maxBytes);
      if (utf8Bytes(text) <= maxBytes) assert.equal(bounded, text);
      else assert.ok(bounded.endsWith('…') && text.startsWith(bounded.slice(0, -1)));
    }),
  );
});

test('a character outside the basic plane is never cut in half', () => {
  for (let maxBytes = 8; maxBytes < 24; maxBytes++) {
    assert.doesNotMatch(boundText('🧵'.repeat(20), maxBytes), /\p{Surrogate}/u);
    assert.doesNotMatch(boundText(`a${'🧵'.repeat(20)}`, maxBytes), /\p{Surrogate}/u);
  }
});

test('a chain of causes that leads back to itself ends', () => {
  const error = new Error('one');
  error.cause = new Error('two', { cause: error });
  assert.match(describeError(error), /^Error: one \(cause: Error: two/);
});

test('many errors in an AggregateError are counted, not listed', () => {
  const errors = Array.from({ length: 100 }, (_, n) => new Error(`e${n}`));
  assert.match(describeError(new AggregateError(errors, 'all')), /e4; and 95 more\]$/);
});
