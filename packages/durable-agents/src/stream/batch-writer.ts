import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { describeError } from '../agent/describe-error.ts';
import type { Logger } from '../log.ts';

export interface BatchWriterOptions<Item> {
  /** Writes items in order. Called by one at a time; the same items again after it rejected. */
  write: (items: readonly Item[]) => Promise<void>;
  /** What is written, for the log. */
  name: string;
  log: Logger;
  /** Shortest time between two writes, in milliseconds. Default: 20. */
  delayMs?: number | undefined;
  /** Most items in one write; so many are written without delay. Default: 50. */
  maxItems?: number | undefined;
  /** Most items waiting; more are dropped. Default: 10,000. */
  maxPending?: number | undefined;
}

/** How long to wait, in milliseconds, before a write that failed is tried again; after the last, its items are dropped. */
const retryDelaysMs = [50, 250];

/**
 * Writes items in the background, in order, several at a time. Adding never waits and never throws; trouble is logged
 * once. The first item after a pause is written at once, so nothing is late that need not be.
 */
export class BatchWriter<Item> {
  readonly #options: Required<{ [Key in keyof BatchWriterOptions<Item>]: NonNullable<BatchWriterOptions<Item>[Key]> }>;
  #pending: Item[] = [];
  #work: Promise<void> | undefined;
  #hurry: (() => void) | undefined;
  #flushes = 0;
  #hasComplained = false;

  constructor({ delayMs = 20, maxItems = 50, maxPending = 10_000, ...options }: BatchWriterOptions<Item>) {
    this.#options = { delayMs, maxItems, maxPending, ...options };
  }

  add(item: Item): void {
    if (this.#pending.length >= this.#options.maxPending) {
      this.#complain(new Error('The store is too slow; events are dropped.'));
      return;
    }
    this.#pending.push(item);
    if (this.#pending.length >= this.#options.maxItems) this.#hurry?.();
    this.#work ??= this.#run();
  }

  /** Resolves when all that was added has been written or dropped, or when the time is up. Never rejects. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#work === undefined) return;
    this.#flushes++;
    this.#hurry?.();
    const { promise: timeout, resolve } = Promise.withResolvers<'timeout'>();
    const timer = setTimeout(resolve, timeoutMs, 'timeout');
    const end = await Promise.race([this.#work, timeout]);
    clearTimeout(timer);
    this.#flushes--;
    if (end === 'timeout') this.#complain(new Error(`The store took more than ${timeoutMs} ms.`));
  }

  async #run(): Promise<void> {
    // One turn of the event loop: what comes together goes together.
    await nextTurn();
    while (this.#pending.length > 0) {
      await this.#writeBatch(this.#pending.splice(0, this.#options.maxItems));
      if (this.#flushes === 0 && this.#pending.length < this.#options.maxItems) await this.#rest();
    }
    this.#work = undefined;
  }

  async #writeBatch(items: readonly Item[]): Promise<void> {
    for (const delayMs of [...retryDelaysMs, undefined]) {
      try {
        await this.#options.write(items);
        return;
      } catch (error) {
        if (delayMs === undefined) this.#complain(error);
        else await pause(delayMs);
      }
    }
  }

  /** The pause between two writes; ends early when there is enough to write, or somebody waits for it. */
  async #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#options.delayMs);
    this.#hurry = resolve;
    await promise;
    this.#hurry = undefined;
    clearTimeout(timer);
  }

  #complain(error: unknown): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const { log, name } = this.#options;
    log.warn(`${name} cannot be written completely. This is said once.`, { error: describeError(error) });
  }
}
