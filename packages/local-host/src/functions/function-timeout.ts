import type { Logger } from '../log.ts';
import { HostError } from './host-error.ts';
import { formatTimeSpan } from './time-span.ts';

/** setTimeout fires at once beyond this (24.8 days); nobody waits for so late an end. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** An invocation took longer than host.json allows. For the caller it has failed. */
export class FunctionTimeoutError extends HostError {
  override readonly name: string = 'FunctionTimeoutError';
  declare readonly code: 'functionTimeout';

  constructor(functionName: string, timeoutMs: number) {
    const limit = formatTimeSpan(timeoutMs);
    super(
      'functionTimeout',
      `Timeout value of ${limit} exceeded by function '${functionName}'.`,
      'Raise functionTimeout in host.json, or do less in one invocation.',
    );
  }
}

export interface TimedInvocation {
  readonly functionName: string;
  readonly invocationId: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/**
 * What the invocation comes to, as long as it comes in time. Code cannot be stopped from outside in JavaScript: what is
 * late goes on, its end is logged and otherwise ignored.
 *
 * @throws FunctionTimeoutError when the time is up first
 */
export async function withinTimeout<T>(running: Promise<T>, invocation: TimedInvocation): Promise<T> {
  const { functionName, invocationId, timeoutMs, logger } = invocation;
  if (timeoutMs > LONGEST_TIMER_MS) {
    return await running;
  }
  const log = logger.withCategory(`Function.${functionName}`);
  const started = performance.now();
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isOver = true;
      const note = 'JavaScript cannot be stopped from outside: it goes on, and what it returns will be ignored.';
      log.warn(`Function '${functionName}' (invocation ${invocationId}) is over its time. ${note}`);
      reject(new FunctionTimeoutError(functionName, timeoutMs));
    }, timeoutMs);
    // It is no reason to keep a process that has nothing else to do.
    timer.unref();
  });
  const late = (how: string): string => {
    const after = formatTimeSpan(Math.round(performance.now() - started));
    return `Function '${functionName}' (invocation ${invocationId}) ${how} after ${after}, over its time; this is ignored.`;
  };
  running.then(
    () => isOver && log.warn(late('ended')),
    (error: unknown) => isOver && log.warn(late('failed'), error),
  );
  try {
    return await Promise.race([running, expired]);
  } finally {
    clearTimeout(timer);
  }
}
