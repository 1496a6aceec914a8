import { ConfigurationError } from '../errors.ts';
import type { JsonObject } from '../json.ts';

/** How a call of an agent is repeated when it fails in a way that may pass. */
export interface AgentRetryOptions {
  /** Most attempts, the first included, 1 to 100. */
  maxAttempts: number;
  /** Time before the second attempt, in milliseconds; longer if the provider asks for it. Default: 1,000. */
  firstDelayMs?: number | undefined;
  /** By how much each wait is longer than the one before. Default: 2. */
  backoff?: number | undefined;
  /** Longest wait, in milliseconds. Default: 60,000. */
  maxDelayMs?: number | undefined;
}

export interface RetryPolicy extends JsonObject {
  maxAttempts: number;
  firstDelayMs: number;
  backoff: number;
  maxDelayMs: number;
}

/** @throws ConfigurationError `invalidOption` */
export function retryPolicy(options: AgentRetryOptions): RetryPolicy {
  const { maxAttempts, firstDelayMs = 1_000, backoff = 2, maxDelayMs = 60_000 } = options;
  const isWhole = Number.isInteger(maxAttempts) && maxAttempts >= 1 && maxAttempts <= 100;
  if (!isWhole) throw invalid(`maxAttempts must be a whole number from 1 to 100, not ${maxAttempts}.`);
  if (!(firstDelayMs >= 0 && maxDelayMs >= 0 && Number.isFinite(firstDelayMs) && Number.isFinite(maxDelayMs))) {
    throw invalid('firstDelayMs and maxDelayMs must be numbers of milliseconds from 0.');
  }
  if (!(Number.isFinite(backoff) && backoff >= 1)) throw invalid(`backoff must be a number from 1, not ${backoff}.`);
  return { maxAttempts, firstDelayMs, backoff, maxDelayMs };
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalidOption', `In the retry policy, ${message}`, {
    fix: 'For example: { maxAttempts: 3, firstDelayMs: 1000 }.',
  });
}
