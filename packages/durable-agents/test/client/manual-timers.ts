import type { Timers } from '../../src/client/timers.ts';

/** Time that moves only when the test moves it. */
export class ManualTimers implements Timers {
  #now = 0;
  readonly #due = new Set<{ at: number; callback: () => void }>();
  /** Every pause that was asked for, in milliseconds. */
  readonly pauses: number[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    this.pauses.push(ms);
    const timer = { at: this.#now + ms, callback };
    this.#due.add(timer);
    return () => this.#due.delete(timer);
  }

  get pending(): number {
    return this.#due.size;
  }

  /** Moves on to the next timer and lets everything that follows from it happen. */
  async next(): Promise<void> {
    const first = [...this.#due].sort((a, b) => a.at - b.at)[0];
    if (first === undefined) throw new Error('Nobody waits for the time.');
    this.#now = Math.max(this.#now, first.at);
    this.#due.delete(first);
    first.callback();
    await settle();
  }
}

/** Lets pending promise callbacks run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
