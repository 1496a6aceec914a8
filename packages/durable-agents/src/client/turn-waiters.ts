import type { AgentSessionId } from '../ids.ts';
import type { Timers } from './timers.ts';

/**
 * Who in this process waits for which turn. The end of an entity operation wakes the waiters of its turn, so that
 * they need not poll. A wake-up is a hint to look now; what is not committed has not happened.
 */
export class TurnWaiters {
  readonly #waiting = new Map<string, Set<TurnWaiter>>();

  /** Registers a waiter. It must be disposed of, whatever happens. */
  add(sessionId: AgentSessionId, correlationId: string): TurnWaiter {
    const turn = turnKey(sessionId, correlationId);
    const waiters = this.#waiting.get(turn) ?? new Set();
    this.#waiting.set(turn, waiters);
    const waiter = new TurnWaiter(() => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiting.get(turn) === waiters) this.#waiting.delete(turn);
    });
    waiters.add(waiter);
    return waiter;
  }

  /** Called at the end of a turn's operation, just before its commit. */
  wake(sessionId: AgentSessionId, correlationId: string): void {
    for (const waiter of this.#waiting.get(turnKey(sessionId, correlationId)) ?? []) waiter.wake();
  }

  /** Number of turns that somebody waits for. */
  get size(): number {
    return this.#waiting.size;
  }
}

/** One waiter for one turn. */
export class TurnWaiter {
  readonly #remove: () => void;
  #woken = false;
  #endPause: (() => void) | undefined;

  constructor(remove: () => void) {
    this.#remove = remove;
  }

  /** Ends the present pause, or the next one before it begins. */
  wake(): void {
    this.#woken = true;
    this.#endPause?.();
  }

  /** Waits for `ms` milliseconds or a wake-up; tells whether it was a wake-up. */
  async pause(ms: number, timers: Timers): Promise<boolean> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const cancel = timers.after(ms, resolve);
        this.#endPause = () => {
          cancel();
          resolve();
        };
      });
      this.#endPause = undefined;
    }
    const woken = this.#woken;
    this.#woken = false;
    return woken;
  }

  /** Stops listening. A pause that is still on ends now. */
  dispose(): void {
    this.#remove();
    this.#endPause?.();
  }
}

function turnKey(sessionId: AgentSessionId, correlationId: string): string {
  return JSON.stringify([sessionId, correlationId]);
}
