import { maxTimerMs } from '../agent/tool.ts';
import { ConfigurationError } from '../errors.ts';

export interface RetryOptions {
  /** How often it is tried in all, 1 to 100. Default: 3. */
  maxAttempts?: number | undefined;
  /** Milliseconds before the second attempt. Default: 1,000. */
  delayMs?: number | undefined;
  /** What the delay is multiplied with from attempt to attempt, at least 1. Default: 2. */
  backoff?: number | undefined;
  /** Longest delay in milliseconds. Default: 60,000. */
  maxDelayMs?: number | undefined;
  /** Whether an error may pass. Called where the executor ran. Default: every error may. */
  retryIf?: ((error: unknown) => boolean) | undefined;
}

/** A retry policy with its defaults filled in. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly backoff: number;
  readonly maxDelayMs: number;
  readonly retryIf: ((error: unknown) => boolean) | undefined;
}

/** @throws ConfigurationError `invalidRetry` */
export function retryPolicy(executorId: string, options: RetryOptions | undefined, idempotent: boolean): RetryPolicy {
  const policy = {
    maxAttempts: options?.maxAttempts ?? (options !== undefined || idempotent ? 3 : 1),
    delayMs: options?.delayMs ?? 1000,
    backoff: options?.backoff ?? 2,
    maxDelayMs: options?.maxDelayMs ?? 60_000,
    retryIf: options?.retryIf,
  };
  const refuse = (field: string, rule: string): never => {
    throw new ConfigurationError('invalidRetry', `executor "${executorId}": retry.${field} is not valid.`, {
      fix: rule,
    });
  };
  const { maxAttempts, delayMs, backoff, maxDelayMs } = policy;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 100) {
    refuse('maxAttempts', 'Use a whole number from 1 to 100.');
  }
  for (const [field, value] of Object.entries({ delayMs, maxDelayMs })) {
    if (!(value >= 0 && value <= maxTimerMs)) refuse(field, `Use milliseconds from 0 to ${maxTimerMs}.`);
  }
  if (!(Number.isFinite(backoff) && backoff >= 1)) refuse('backoff', 'Use a factor of at least 1.');
  return policy;
}

/** Milliseconds to wait after an attempt (the first is 1) that failed. */
export function retryDelay({ delayMs, backoff, maxDelayMs }: RetryPolicy, attempt: number): number {
  return Math.min(maxDelayMs, Math.round(delayMs * backoff ** (attempt - 1)));
}
