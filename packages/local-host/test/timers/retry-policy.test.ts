import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegisteredFunction } from '../../src/functions/registered-function.ts';
import { retryPolicyOf } from '../../src/timers/retry-policy.ts';

const withRetry = (retryOptions?: object) => ({ name: 'x', retryOptions }) as unknown as RegisteredFunction;
const delays = (retryOptions: object, random: number) => {
  const policy = retryPolicyOf(withRetry(retryOptions), () => random);
  return [1, 2, 3, 4, 5].map((retry) => policy?.delayMs(retry));
};

test('a fixed delay is the same for each retry', () => {
  const options = { retryStrategy: 'fixedDelay', maxRetryCount: 5, delayInterval: { seconds: 3 } };
  assert.deepEqual(delays(options, 0.9), [3_000, 3_000, 3_000, 3_000, 3_000]);
});

test('growing delays begin with the minimum, double on top of it, and end at the maximum', () => {
  const options = {
    retryStrategy: 'exponentialBackoff',
    maxRetryCount: -1,
    minimumInterval: { seconds: 10 },
    maximumInterval: { seconds: 60 },
  };
  assert.deepEqual(delays(options, 0.5), [10_000, 20_000, 30_000, 50_000, 60_000]);
  assert.deepEqual(delays(options, 0), [10_000, 18_000, 26_000, 42_000, 60_000]);
  assert.deepEqual(delays(options, 1), [10_000, 22_000, 34_000, 58_000, 60_000]);
});

test('a function without a policy has none', () => {
  assert.equal(retryPolicyOf(withRetry()), undefined);
});

test('a policy that cannot be followed says what is wrong and what one looks like', () => {
  const fixed = { retryStrategy: 'fixedDelay', maxRetryCount: 1, delayInterval: { seconds: 1 } };
  const growing = {
    retryStrategy: 'exponentialBackoff',
    maxRetryCount: 1,
    minimumInterval: { seconds: 2 },
    maximumInterval: { seconds: 1 },
  };
  const cases: [options: object, says: RegExp][] = [
    [{ ...fixed, retryStrategy: 'always' }, /"always"/],
    [{ ...fixed, maxRetryCount: -2 }, /maxRetryCount is -2/],
    [{ ...fixed, maxRetryCount: undefined }, /maxRetryCount/],
    [{ ...fixed, delayInterval: undefined }, /delayInterval is missing/],
    [growing, /maximumInterval is below/],
  ];
  for (const [options, says] of cases) {
    assert.throws(
      () => retryPolicyOf(withRetry(options)),
      (error) =>
        error instanceof Error && says.test(error.message) && /fixedDelay.*exponentialBackoff/.test(error.message),
    );
  }
});
