import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTimeSpan, parseTimeSpan } from '../../src/functions/time-span.ts';

test('time spans are read as .NET reads them', () => {
  const cases: [text: string, ms: number | undefined][] = [
    ['00:00:02', 2_000],
    ['00:05:00', 300_000],
    ['23:59:59', 86_399_000],
    ['1.00:00:00', 86_400_000],
    ['01:30', 5_400_000],
    ['00:00:00.25', 250],
    [' 00:00:01 ', 1_000],
    ['25:00:00', 25 * 86_400_000],
    ['1.24:00:00', undefined],
    ['00:60:00', undefined],
    ['00:00:60', undefined],
    ['-00:00:01', undefined],
    ['5', undefined],
    ['', undefined],
    ['soon', undefined],
  ];
  for (const [text, ms] of cases) {
    assert.equal(parseTimeSpan(text), ms, text);
  }
});

test('any time span is read as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40_000_000_000 }), (ms) => {
      assert.equal(parseTimeSpan(formatTimeSpan(ms)), ms);
    }),
  );
});
