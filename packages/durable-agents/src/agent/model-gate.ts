import type { ChatClient } from '../model/chat-client.ts';

/** How a call ended, as far as the gate cares. */
export type CallEnd = 'answered' | { refused: { retryAfterMs: number | undefined } } | 'other';

/** The right to make one call. It must be given back, whatever happens. */
export interface GatePass {
  leave(end: CallEnd): void;
}

export interface GateEntry {
  /** When the call was first wanted; who has waited longest goes first. Any clock, as long as it is the same for all. */
  since: number;
  /** Longest wait in milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
  /** {@link ModelGate.closedUntil} when the caller was refused, if it has waited that out by itself. */
  waitedOut?: number | undefined;
}

/** A pause that a server asks for is kept up to this, in milliseconds; a longer one concerns only who was told. */
export const longestClosingMs = 30_000;

/** After this time without a refusal, in milliseconds, nobody is held back any more. */
const openAfterMs = 60_000;
const firstPauseMs = 150;
const longestPauseMs = 5_000;

interface Waiter extends GateEntry {
  resolve(pass: GatePass | undefined): void;
}

/**
 * Holds calls back while their server refuses them for being too many. Open, it does nothing. A refusal closes it for as
 * long as the server asks; then calls go one by one, and with every answer one more may be on its way, until the next
 * refusal: from half of what was reached then, the number grows slowly. So a crowd finds the rate that the server allows
 * and keeps close to it, with about one refusal a round.
 */
export class ModelGate {
  /** Answers so far. */
  answers = 0;
  /** Until when nobody may call. */
  closedUntil = 0;
  /** Calls that may be on their way, among those begun since the last refusal. */
  #window = Number.POSITIVE_INFINITY;
  /** Where the window begins to grow slowly. */
  #threshold = Number.POSITIVE_INFINITY;
  /** Counts the refusals that made the window small; calls begun before the last one are not counted in it. */
  #epoch = 0;
  #begun = 0;
  #running = 0;
  /** Refusals since the last answer. */
  #streak = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;
  readonly #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #now: () => number;

  /** @param now milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Calls that wait here. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Waits for the right to call; `undefined` if that takes too long. Rejects when the signal aborts. */
  enter(entry: GateEntry): Promise<GatePass | undefined> | GatePass {
    this.#openInTime();
    if (this.#waiting.length === 0 && this.#mayBegin(entry)) return this.#begin();
    return this.#wait(entry);
  }

  async #wait(entry: GateEntry): Promise<GatePass | undefined> {
    const { signal, timeoutMs } = entry;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<GatePass | undefined>();
    const waiter: Waiter = { ...entry, resolve };
    const place = this.#waiting.findLastIndex(({ since }) => since <= entry.since);
    this.#waiting.splice(place + 1, 0, waiter);
    const remove = () => {
      const at = this.#waiting.indexOf(waiter);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
    const abort = () => {
      remove();
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      remove();
      resolve(undefined);
    }, timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    this.#pump();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#setTimer();
    }
  }

  #mayBegin({ waitedOut = 0 }: GateEntry): boolean {
    const isClosed = this.closedUntil > waitedOut && this.closedUntil > this.#now();
    return !isClosed && this.#begun < Math.floor(this.#window);
  }

  #begin(): GatePass {
    const epoch = this.#epoch;
    this.#begun++;
    this.#running++;
    let left = false;
    return {
      leave: (end) => {
        if (left) return;
        left = true;
        this.#running--;
        if (epoch === this.#epoch) this.#begun--;
        if (end === 'answered') this.#answered();
        else if (end !== 'other') this.#refused(end.refused.retryAfterMs, epoch === this.#epoch);
        this.#pump();
      },
    };
  }

  #answered(): void {
    this.answers++;
    this.#streak = 0;
    this.#window += this.#window < this.#threshold ? 1 : 1 / this.#window;
  }

  #refused(retryAfterMs: number | undefined, isNew: boolean): void {
    const now = this.#now();
    this.#refusedAt = now;
    if (isNew) {
      const reached = Number.isFinite(this.#window) ? this.#window : this.#running + 1;
      this.#threshold = Math.max(1, reached / 2);
      this.#window = 1;
      this.#epoch++;
      this.#begun = 0;
      this.#streak++;
    }
    const pauseMs = retryAfterMs ?? Math.min(firstPauseMs * 2 ** (this.#streak - 1), longestPauseMs);
    if (pauseMs <= longestClosingMs) this.closedUntil = Math.max(this.closedUntil, now + pauseMs);
  }

  #openInTime(): void {
    if (this.#now() - this.#refusedAt < openAfterMs) return;
    this.#window = Number.POSITIVE_INFINITY;
    this.#threshold = Number.POSITIVE_INFINITY;
  }

  #pump(): void {
    this.#openInTime();
    while (this.#waiting[0] !== undefined && this.#mayBegin(this.#waiting[0])) {
      this.#waiting.shift()?.resolve(this.#begin());
    }
    this.#setTimer();
  }

  /** Wakes those who wait when the gate opens by itself: what ends a call pumps anyway. */
  #setTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const now = this.#now();
    const at = this.closedUntil > now ? this.closedUntil : this.#refusedAt + openAfterMs;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, at - now));
  }
}

const byKey = new Map<string, ModelGate>();
const byClient = new WeakMap<object, ModelGate>();

/** The gate of a model: shared by all clients that say they are limited together, else by the users of one client. */
export function gateOf(model: ChatClient): ModelGate {
  const { rateLimitKey } = model;
  const gate = (rateLimitKey === undefined ? byClient.get(model) : byKey.get(rateLimitKey)) ?? new ModelGate();
  if (rateLimitKey === undefined) byClient.set(model, gate);
  else byKey.set(rateLimitKey, gate);
  return gate;
}
