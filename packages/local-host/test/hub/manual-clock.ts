import type { Clock } from '../../src/hub/executor.ts';

/** A clock that a test moves. */
export class ManualClock implements Clock {
  time: number;
  readonly #armed = new Set<{ at: number; call: () => void }>();

  constructor(time = 0) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  at(at: number, call: () => void): () => void {
    const entry = { at, call };
    this.#armed.add(entry);
    return () => this.#armed.delete(entry);
  }

  /** When the next callback is due. */
  get next(): number | undefined {
    return [...this.#armed].map(({ at }) => at).sort((a, b) => a - b)[0];
  }

  /** Moves to a time, calling what is due on the way, in order. */
  move(to: number): void {
    for (;;) {
      const due = [...this.#armed].filter(({ at }) => at <= to).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#armed.delete(due);
      this.time = Math.max(this.time, due.at);
      due.call();
    }
    this.time = to;
  }
}
