import type { RetryOptions } from '../functions/core-types.ts';
import { HostError } from '../functions/host-error.ts';
import type { RegisteredFunction } from '../functions/registered-function.ts';

/** How far the growing delays are moved at random, so that what failed together does not come back together. */
const RANDOMNESS = 0.2;

/** How often and when a failed run is run again. */
export interface RetryPolicy {
  /** -1: for ever. */
  readonly maxRetryCount: number;
  /** Milliseconds before a retry; the first is number 1. */
  delayMs(retry: number): number;
}

/** A function's retry policy cannot be used. */
export class RetryPolicyError extends HostError {
  override readonly name: string = 'RetryPolicyError';
  declare readonly code: 'invalidRetryPolicy';

  constructor(problem: string) {
    const fix =
      'Use {strategy: "fixedDelay", maxRetryCount, delayInterval} or ' +
      '{strategy: "exponentialBackoff", maxRetryCount, minimumInterval, maximumInterval}.';
    super('invalidRetryPolicy', problem, fix);
  }
}

/**
 * The retry policy a function is registered with; undefined if it has none. The library hands on whole seconds.
 *
 * @param random between 0 and 1; default `Math.random`
 * @throws RetryPolicyError
 */
export function retryPolicyOf(fn: RegisteredFunction, random: () => number = Math.random): RetryPolicy | undefined {
  const options = fn.retryOptions;
  if (options === undefined) return undefined;
  const { maxRetryCount } = options;
  if (maxRetryCount === undefined || !Number.isInteger(maxRetryCount) || maxRetryCount < -1) {
    throw new RetryPolicyError(`Its retry.maxRetryCount is ${maxRetryCount}.`);
  }
  switch (options.retryStrategy) {
    case 'fixedDelay': {
      const delay = interval(options, 'delayInterval');
      return { maxRetryCount, delayMs: () => delay };
    }
    case 'exponentialBackoff': {
      const shortest = interval(options, 'minimumInterval');
      const longest = interval(options, 'maximumInterval');
      if (longest < shortest) throw new RetryPolicyError('Its retry.maximumInterval is below retry.minimumInterval.');
      return { maxRetryCount, delayMs: (retry) => backoff(shortest, longest, retry, random) };
    }
    default:
      throw new RetryPolicyError(`Its retry.strategy is "${options.retryStrategy}".`);
  }
}

/** As the real host: the minimum first; from then on the minimum and a doubling, slightly random part, up to the maximum. */
function backoff(shortest: number, longest: number, retry: number, random: () => number): number {
  if (retry <= 1) return shortest;
  const factor = 1 - RANDOMNESS + 2 * RANDOMNESS * random();
  return Math.min(longest, Math.round(shortest + factor * 2 ** (retry - 2) * shortest));
}

function interval(options: RetryOptions, name: 'delayInterval' | 'minimumInterval' | 'maximumInterval'): number {
  const seconds = options[name]?.seconds;
  if (seconds === undefined || !(seconds >= 0)) throw new RetryPolicyError(`Its retry.${name} is missing.`);
  return seconds * 1_000;
}
