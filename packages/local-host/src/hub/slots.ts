import type { StoredMessage } from '../store/store.ts';

interface Slot {
  queue: StoredMessage[];
  busy: boolean;
}

/**
 * One queue a target, and at most one worker on it at a time (E1, N1). The worker is called again while it reports
 * that it got something done and messages are left.
 */
export class Slots {
  readonly #slots = new Map<string, Slot>();
  readonly #work: (target: string, queue: StoredMessage[]) => Promise<boolean>;
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(work: (target: string, queue: StoredMessage[]) => Promise<boolean>) {
    this.#work = work;
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
    slot.busy = true;
    const running = this.#loop(target, slot).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #loop(target: string, slot: Slot): Promise<void> {
    try {
      // Messages that arrive in the same turn of the event loop are seen together, in order.
      await Promise.resolve();
      while (slot.queue.length > 0 && !this.#stopped) {
        if (!(await this.#work(target, slot.queue))) break;
      }
    } finally {
      slot.busy = false;
      if (slot.queue.length === 0) this.#slots.delete(target);
    }
  }
}
