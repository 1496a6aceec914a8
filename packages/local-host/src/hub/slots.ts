import type { StoredMessage } from '../store/store.ts';
import { HubError } from './hub-error.ts';

/** Whether a step was taken, its messages have to wait for something, or it could not be written and comes again. */
export type Worked = 'done' | 'held' | 'failed';

interface Slot {
  queue: StoredMessage[];
  /** What wants the target for itself, in order. */
  guests: { run: () => Promise<void>; refuse: (error: Error) => void }[];
  busy: boolean;
}

/**
 * One queue a target, and at most one worker on it at a time (E1, N1). The worker is called again while it reports
 * that it got something done and messages are left. With a limit, targets above it wait their turn, step by step.
 */
export class Slots {
  readonly #slots = new Map<string, Slot>();
  readonly #work: (target: string, queue: StoredMessage[]) => Promise<Worked>;
  readonly #running = new Set<Promise<void>>();
  readonly #limit: number;
  /** Targets with messages that wait for a worker, in order. */
  readonly #ready = new Set<string>();
  #stopped = false;

  /** @param limit most workers at a time; default none */
  constructor(work: (target: string, queue: StoredMessage[]) => Promise<Worked>, limit = Number.POSITIVE_INFINITY) {
    this.#work = work;
    this.#limit = limit;
  }

  #slot(target: string): Slot {
    let slot = this.#slots.get(target);
    if (slot === undefined) {
      slot = { queue: [], guests: [], busy: false };
      this.#slots.set(target, slot);
    }
    return slot;
  }

  /** Does something to a target while no worker is on it, after the messages that can be handled. */
  exclusive<T>(target: string, run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) {
        reject(stopping());
        return;
      }
      const slot = this.#slot(target);
      slot.guests.push({ run: () => run().then(resolve, reject), refuse: reject });
      this.#pump(target, slot);
    });
  }

  add(message: StoredMessage): void {
    const slot = this.#slot(message.target);
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

  /** What waits and no worker has taken, by target. */
  queues(): StoredMessage[][] {
    return [...this.#slots.values()].map(({ queue }) => queue);
  }

  /** Starts nothing new; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { guests } of this.#slots.values()) for (const { refuse } of guests.splice(0)) refuse(stopping());
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
      if (slot === undefined || (slot.queue.length === 0 && slot.guests.length === 0)) continue;
      this.#pump(target, slot);
      return;
    }
  }

  async #loop(target: string, slot: Slot): Promise<void> {
    let failed = false;
    try {
      // What is ready now is seen together, in order: fifty results that come at once are one step, not two.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      while ((slot.queue.length > 0 || slot.guests.length > 0) && !this.#stopped) {
        const worked = slot.queue.length === 0 ? 'held' : await this.#work(target, slot.queue);
        // Guests come after what is to be tried again: it was accepted before them.
        failed = worked === 'failed';
        if (failed) break;
        if (worked === 'held') {
          const guest = slot.guests.shift();
          if (guest === undefined) break;
          await guest.run();
        }
        if (this.#ready.size > 0) {
          this.#ready.add(target);
          break;
        }
      }
    } finally {
      slot.busy = false;
      if (slot.guests.length > 0 && !failed && !this.#ready.has(target)) this.#pump(target, slot);
      else if (slot.queue.length === 0 && slot.guests.length === 0) this.#slots.delete(target);
    }
  }
}

function stopping(): HubError {
  return new HubError('hostStopping', 'The host is stopping. Ask again when it has started anew.');
}
