import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cache } from '../../src/hub/cache.ts';

test('the least recently used values go first, and the weight stays within the limit', () => {
  const cache = new Cache<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 4);
  cache.get('a');
  cache.set('c', 'C', 4);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => cache.get(key)),
    ['A', undefined, 'C'],
  );
  cache.set('huge', 'H', 11);
  assert.deepEqual(
    ['a', 'c', 'huge'].map((key) => cache.get(key)),
    ['A', 'C', undefined],
  );
});

test('whatever is set and deleted, what is kept is the latest value and never weighs more than the limit', () => {
  const entry = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    weight: fc.integer({ min: 1, max: 8 }),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const cache = new Cache<number>(12);
      const latest = new Map<string, { value: number; weight: number }>();
      for (const [value, { key, weight, remove }] of entries.entries()) {
        if (remove) {
          cache.delete(key);
          latest.delete(key);
        } else {
          cache.set(key, value, weight);
          latest.set(key, { value, weight });
        }
        const kept = [...latest].filter(([name]) => cache.get(name) !== undefined);
        for (const [name, { value: expected }] of kept) assert.equal(cache.get(name), expected);
        assert.ok(kept.reduce((sum, [, { weight: own }]) => sum + own, 0) <= 12);
      }
    }),
  );
});
