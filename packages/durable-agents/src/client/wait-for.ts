import type { Timers } from './timers.ts';
import type { TurnWaiter } from './turn-waiters.ts';

/** First pause between looks while nothing has woken the waiter. */
const firstPollMs = 50;
/** First pause after a wake-up: the commit follows it at once. */
const firstConfirmMs = 1;
const longestPauseMs = 1_000;

export interface WaitOptions<Result> {
  /** Looks at the committed state; `undefined` means not yet. */
  read: () => Promise<Result | undefined>;
  waiter: TurnWaiter;
  /** Milliseconds until giving up. */
  timeoutMs: number;
  timers: Timers;
  /** Ends the waiting early; what is waited for goes on. */
  signal?: AbortSignal | undefined;
}

/**
 * Waits until `read` finds something: looks every 50 ms, 100 ms … 1 s, and after a wake-up at once, then 1 ms, 2 ms …
 * 1 s apart until the commit shows. Gives `undefined` when the time is up or the signal aborts.
 */
export async function waitFor<Result>(options: WaitOptions<Result>): Promise<Result | undefined> {
  const { read, waiter, timeoutMs, timers, signal } = options;
  const wake = () => waiter.wake();
  signal?.addEventListener('abort', wake, { once: true });
  try {
    const deadline = timers.now() + timeoutMs;
    let pauseMs = firstPollMs;
    while (signal?.aborted !== true) {
      const leftMs = deadline - timers.now();
      const woken = await waiter.pause(Math.max(0, Math.min(pauseMs, leftMs)), timers);
      if (signal?.aborted) break;
      const result = await read();
      if (result !== undefined) return result;
      if (timers.now() >= deadline) break;
      pauseMs = woken ? firstConfirmMs : Math.min(pauseMs * 2, longestPauseMs);
    }
    return undefined;
  } finally {
    signal?.removeEventListener('abort', wake);
  }
}
