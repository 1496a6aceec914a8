import type { AgentSessionId } from '../ids.ts';
import { formatEventId, type LogCursor, newEpoch, parseEventId } from './log-cursor.ts';
import { type Attempt, defaultStreamTtlMs, keyText, type StreamStore, type TurnKey } from './stream-store.ts';
import { type Page, tail } from './tail.ts';
import type { StreamedEvent, TurnEvent } from './turn-event.ts';
import { Wakeups } from './wakeups.ts';

export interface MemoryStreamStoreOptions {
  /** How long a stream is kept after its last event, in milliseconds. Default: 600,000. */
  ttlMs?: number | undefined;
  /** Most bytes of JSON kept of one stream; beyond them its oldest events go. Default: 4 MiB. */
  maxStreamBytes?: number | undefined;
  /** Most bytes of JSON kept in all; beyond them the streams go that have been silent for longest. Default: 64 MiB. */
  maxBytes?: number | undefined;
  /** Most streams; beyond them the ones go that have been silent for longest. Default: 1,000. */
  maxStreams?: number | undefined;
  /** Milliseconds since 1970, for tests. */
  now?: (() => number) | undefined;
}

interface Log {
  readonly key: TurnKey;
  readonly epoch: string;
  /** Position of the first event in `events`. */
  first: number;
  events: { event: TurnEvent; bytes: number }[];
  bytes: number;
  attempts: number;
  readonly steps: Set<string>;
  touchedAt: number;
}

const pageSize = 100;

/** Streams in the memory of this process: for one process, and for tests. A restart loses them, never the turns. */
export class MemoryStreamStore implements StreamStore {
  readonly #limits: { ttlMs: number; maxStreamBytes: number; maxBytes: number; maxStreams: number };
  readonly #now: () => number;
  readonly #wakeups = new Wakeups();
  /** The one that has been silent for longest comes first. */
  readonly #logs = new Map<string, Log>();
  #bytes = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: MemoryStreamStoreOptions = {}) {
    this.#limits = {
      ttlMs: options.ttlMs ?? defaultStreamTtlMs,
      maxStreamBytes: options.maxStreamBytes ?? 4 * 1024 * 1024,
      maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
      maxStreams: options.maxStreams ?? 1_000,
    };
    this.#now = options.now ?? Date.now;
  }

  async open(key: TurnKey): Promise<void> {
    this.#touch(key);
  }

  async exists(key: TurnKey): Promise<boolean> {
    return this.#find(key) !== undefined;
  }

  async beginAttempt(key: TurnKey, step: string): Promise<Attempt> {
    const log = this.#touch(key);
    const again = log.steps.has(step);
    log.steps.add(step);
    log.attempts++;
    return { attempt: log.attempts, again };
  }

  async append(key: TurnKey, events: readonly TurnEvent[]): Promise<void> {
    const log = this.#touch(key);
    for (const event of events) {
      const bytes = Buffer.byteLength(JSON.stringify(event));
      log.events.push({ event, bytes });
      log.bytes += bytes;
      this.#bytes += bytes;
    }
    this.#trim(log);
    this.#evict(log);
    this.#wakeups.wake(keyText(key));
  }

  read(key: TurnKey, afterId: string | undefined, signal: AbortSignal): AsyncIterable<StreamedEvent> {
    return tail({
      next: async (cursor) => this.#page(key, cursor),
      start: parseEventId(afterId),
      wakeups: this.#wakeups,
      topic: keyText(key),
      signal,
    });
  }

  async delete(key: TurnKey): Promise<void> {
    const log = this.#logs.get(keyText(key));
    if (log !== undefined) this.#drop(log);
  }

  async deleteSession(sessionId: AgentSessionId): Promise<void> {
    for (const log of this.#logs.values()) if (log.key.sessionId === sessionId) this.#drop(log);
  }

  async close(): Promise<void> {
    clearTimeout(this.#sweep);
    this.#wakeups.close();
    this.#logs.clear();
    this.#bytes = 0;
  }

  /** Streams and bytes that are kept now. */
  get size(): { streams: number; bytes: number } {
    return { streams: this.#logs.size, bytes: this.#bytes };
  }

  #page(key: TurnKey, cursor: LogCursor): Page<LogCursor> {
    const log = this.#find(key);
    // A cursor of another log waits too: whether the turn goes on is known when it writes again.
    if (log === undefined || (log.events.length === 0 && log.first === 1)) return { events: [], cursor };
    const isForeign = cursor.epoch !== undefined && cursor.epoch !== log.epoch;
    const isAhead = cursor.position >= log.first + log.events.length;
    if (isForeign || isAhead) return reset(log.epoch, log.first, 'unknownCursor');
    if (cursor.position + 1 < log.first) return reset(log.epoch, log.first, 'trimmed');
    const start = cursor.position + 1 - log.first;
    const events = log.events.slice(start, start + pageSize).map(({ event }, index) => ({
      id: formatEventId(log.epoch, cursor.position + 1 + index),
      event,
    }));
    const ended = log.events.at(-1)?.event.type === 'done';
    return { events, cursor: { epoch: log.epoch, position: cursor.position + events.length }, ended };
  }

  #find(key: TurnKey): Log | undefined {
    const log = this.#logs.get(keyText(key));
    if (log === undefined || log.touchedAt + this.#limits.ttlMs > this.#now()) return log;
    this.#drop(log);
    return undefined;
  }

  #touch(key: TurnKey): Log {
    const name = keyText(key);
    const log: Log = this.#find(key) ?? {
      key,
      epoch: newEpoch(),
      first: 1,
      events: [],
      bytes: 0,
      attempts: 0,
      steps: new Set(),
      touchedAt: 0,
    };
    log.touchedAt = this.#now();
    this.#logs.delete(name);
    this.#logs.set(name, log);
    this.#evict(log);
    // Contents must not stay for longer than was promised only because nothing happens any more.
    this.#sweep ??= setTimeout(() => this.#sweepExpired(), this.#limits.ttlMs).unref();
    return log;
  }

  #trim(log: Log): void {
    let gone = 0;
    while (log.bytes > this.#limits.maxStreamBytes && gone < log.events.length - 1) {
      const bytes = log.events[gone]!.bytes;
      log.bytes -= bytes;
      this.#bytes -= bytes;
      gone++;
    }
    log.events.splice(0, gone);
    log.first += gone;
  }

  #evict(kept: Log): void {
    for (const log of this.#logs.values()) {
      if (this.#bytes <= this.#limits.maxBytes && this.#logs.size <= this.#limits.maxStreams) return;
      if (log !== kept) this.#drop(log);
    }
  }

  #drop(log: Log): void {
    this.#logs.delete(keyText(log.key));
    this.#bytes -= log.bytes;
  }

  #sweepExpired(): void {
    this.#sweep = undefined;
    for (const { key } of this.#logs.values()) this.#find(key);
    if (this.#logs.size > 0) this.#sweep = setTimeout(() => this.#sweepExpired(), this.#limits.ttlMs).unref();
  }
}

function reset(epoch: string, first: number, reason: 'trimmed' | 'unknownCursor') {
  return { events: [{ event: { type: 'reset' as const, reason } }], cursor: { epoch, position: first - 1 } };
}
