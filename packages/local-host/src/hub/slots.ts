import type { StoredMessage } from '../store/store.ts';

interface Slot {
  queue: StoredMessage[];
  busy: boolean;
}

/**
 * One queue a target, and at most one worker on it at a time (E1, N1). The worker is called again while it reports
 * that it got something done and messages are left. With a limit, targets above it wait their turn, step by step.
 */
export class Slots {
  readonly #slots = new Map<string, Slot>();
  readonly #work: (target: string, queue: StoredMessage[]) => Promise<boolean>;
  readonly #running = new Set<Promise<void>>();
  readonly #limit: number;
  /** Targets with messages that wait for a worker, in order. */
  readonly #ready = new Set<string>();
  #stopped = false;

  /** @param limit most workers at a time; default none */
  constructor(work: (target: string, queue: StoredMessage[]) => Promise<boolean>, limit = Number.POSITIVE_INFINITY) {
    this.#work = work;
    this.#limit = limit;
  }

  add(message: StoredMessage): void {
    let slot = this.#slots.get(message.target);
    if (slot === undefined) {
      slot = { queue: [], busy: false };
      this.#slots.set(message.target, slot);
    }
    slot.queue.push(message);
    this.#pump(message.target, slot);
  }

  /** Puts messages back in front, to wait until something wakes the target. */
  putBack(target: string, messages: StoredMessage[]): void {
    this.#slots.get(target)?.queue.unshift(...messages);
  }

  /** Tries a target again whose worker stopped with messages left. */
  wake(target: string): void {
    const slot = this.#slots.get(target);
    if (slot !== undefined && slot.queue.length > 0) this.#pump(target, slot);
  }

  drop(target: string): void {
    const slot = this.#slots.get(target);
    if (slot !== undefined) slot.queue.length = 0;
  }

  /** Starts nothing new; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled([...this.#running]);
  }

  #pump(target: string, slot: Slot): void {
    if (slot.busy || this.#stopped) return;
    if (this.#running.size >= this.#limit) {
      this.#ready.add(target);
      return;
    }
    slot.busy = true;
    const running = this.#loop(target, slot).finally(() => {
      this.#running.delete(running);
      this.#next();
    });
    this.#running.add(running);
  }

  #next(): void {
    for (const target of this.#ready) {
      this.#ready.delete(target);
      const slot = this.#slots.get(target);
      if (slot === undefined || slot.queue.length === 0) continue;
      this.#pump(target, slot);
      return;
    }
  }

  async #loop(target: string, slot: Slot): Promise<void> {
    try {
      // Messages that arrive in the same turn of the event loop are seen together, in order.
      await Promise.resolve();
      while (slot.queue.length > 0 && !this.#stopped) {
        if (!(await this.#work(target, slot.queue))) break;
        if (this.#ready.size > 0) {
          this.#ready.add(target);
          break;
        }
      }
    } finally {
      slot.busy = false;
      if (slot.queue.length === 0) this.#slots.delete(target);
    }
  }
}
