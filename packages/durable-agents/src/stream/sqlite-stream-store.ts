import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { DurableAgentError } from '../errors.ts';
import type { AgentSessionId } from '../ids.ts';
import { type Logger, silentLogger } from '../log.ts';
import { formatEventId, type LogCursor, parseEventId } from './log-cursor.ts';
import { openStreamDatabase } from './sqlite-stream-database.ts';
import { StreamRows } from './sqlite-stream-rows.ts';
import { type Attempt, defaultStreamTtlMs, keyText, type StreamStore, type TurnKey } from './stream-store.ts';
import { type Page, tail } from './tail.ts';
import type { StreamedEvent, TurnEvent } from './turn-event.ts';
import { Wakeups } from './wakeups.ts';

export interface SqliteStreamStoreOptions {
  /** The file; made if it is not there. Its folder must exist. A file of its own: streams come and go. */
  path: string;
  /** How long a stream is kept after its last event, in milliseconds. Default: 600,000. */
  ttlMs?: number | undefined;
  /** Most bytes of JSON kept of one stream; beyond them its oldest events go. Default: 4 MiB. */
  maxStreamBytes?: number | undefined;
  /** How often readers look for what other processes wrote, in milliseconds. Default: 20. */
  pollMs?: number | undefined;
  log?: Logger | undefined;
  /** Milliseconds since 1970, for tests. */
  now?: (() => number) | undefined;
}

const pageSize = 100;
/** How long a write waits for those of other processes, in milliseconds. */
const lockTimeoutMs = 5_000;

/** Streams in an SQLite file, for several processes on one machine. A restart keeps them. */
export class SqliteStreamStore implements StreamStore {
  readonly #db: DatabaseSync;
  readonly #rows: StreamRows;
  readonly #wakeups = new Wakeups();
  readonly #options: { ttlMs: number; maxStreamBytes: number; pollMs: number };
  readonly #now: () => number;
  readonly #log: Logger;
  #poll: NodeJS.Timeout | undefined;
  #dataVersion: unknown;
  readonly #sweep: NodeJS.Timeout;

  /** @throws ConfigurationError `streamStoreUnusable` if the file cannot be used. */
  constructor(options: SqliteStreamStoreOptions) {
    const { path, ttlMs = defaultStreamTtlMs, maxStreamBytes = 4 * 1024 * 1024, pollMs = 20 } = options;
    this.#db = openStreamDatabase(path);
    this.#rows = new StreamRows(this.#db);
    this.#options = { ttlMs, maxStreamBytes, pollMs };
    this.#now = options.now ?? Date.now;
    this.#log = options.log ?? silentLogger;
    this.#sweep = setInterval(() => void this.deleteExpired(), Math.max(1_000, ttlMs / 4)).unref();
  }

  async open(key: TurnKey): Promise<void> {
    await this.#write(() => this.#touch(key));
  }

  async exists(key: TurnKey): Promise<boolean> {
    return this.#rows.find(key, this.#oldest()) !== undefined;
  }

  async beginAttempt(key: TurnKey, step: string): Promise<Attempt> {
    return this.#write(() => {
      const stream = this.#touch(key);
      const again = this.#rows.beginStep(stream, step);
      return { attempt: stream.attempts + 1, again };
    });
  }

  async append(key: TurnKey, events: readonly TurnEvent[]): Promise<void> {
    await this.#write(() => this.#rows.append(this.#touch(key), events, this.#options.maxStreamBytes));
    this.#wakeups.wake(keyText(key));
  }

  async *read(key: TurnKey, afterId: string | undefined, signal: AbortSignal): AsyncGenerator<StreamedEvent, void> {
    this.#startPolling();
    try {
      yield* tail({
        next: async (cursor) => this.#page(key, cursor),
        start: parseEventId(afterId),
        wakeups: this.#wakeups,
        topic: keyText(key),
        signal,
      });
    } finally {
      this.#stopIdlePolling();
    }
  }

  async delete(key: TurnKey): Promise<void> {
    await this.#write(() => this.#rows.delete(key));
    this.#checkpoint();
  }

  async deleteSession(sessionId: AgentSessionId): Promise<void> {
    await this.#write(() => this.#rows.deleteSession(sessionId));
    this.#checkpoint();
  }

  /** Deletes what has been kept for long enough. Runs by itself every now and then; never rejects. */
  async deleteExpired(): Promise<void> {
    try {
      if (await this.#write(() => this.#rows.deleteTouchedBefore(this.#oldest()))) this.#checkpoint();
    } catch (error) {
      this.#log.warn('Old streams could not be deleted; the next try is soon.', { error: String(error) });
    }
  }

  async close(): Promise<void> {
    if (this.#wakeups.closed) return;
    clearInterval(this.#poll);
    clearInterval(this.#sweep);
    this.#wakeups.close();
    this.#db.close();
  }

  #page(key: TurnKey, cursor: LogCursor): Page<LogCursor> {
    const stream = this.#rows.find(key, this.#oldest());
    if (stream === undefined || stream.last === 0) return { events: [], cursor };
    const { epoch, first, last } = stream;
    const isForeign = (cursor.epoch !== undefined && cursor.epoch !== epoch) || cursor.position > last;
    if (isForeign || cursor.position + 1 < first) {
      const event = { type: 'reset' as const, reason: isForeign ? ('unknownCursor' as const) : ('trimmed' as const) };
      return { events: [{ event }], cursor: { epoch, position: first - 1 } };
    }
    const rows = this.#rows.page(stream.id, cursor.position, pageSize);
    if (rows.length === 0) {
      return { events: [], cursor, ended: this.#rows.page(stream.id, last - 1, 1)[0]?.event.type === 'done' };
    }
    const events = rows.map(({ position, event }) => ({ id: formatEventId(epoch, position), event }));
    return { events, cursor: { epoch, position: rows.at(-1)?.position ?? cursor.position } };
  }

  #touch(key: TurnKey) {
    return this.#rows.touch(key, this.#now(), this.#oldest());
  }

  #oldest(): number {
    return this.#now() - this.#options.ttlMs;
  }

  /** One transaction. Another process's lock is waited for without blocking this one. */
  async #write<Result>(work: () => Result): Promise<Result> {
    const deadline = performance.now() + lockTimeoutMs;
    for (;;) {
      if (this.#wakeups.closed) throw new DurableAgentError('streamStoreClosed', 'The stream store is closed.');
      try {
        this.#db.exec('BEGIN IMMEDIATE');
        break;
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw error;
        await pause(5);
      }
    }
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // After some errors, such as a full disk, SQLite has rolled back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #startPolling(): void {
    if (this.#poll !== undefined) return;
    this.#dataVersion = this.#readDataVersion();
    this.#poll = setInterval(() => {
      if (this.#hasForeignNews()) this.#wakeups.wakeAll();
    }, this.#options.pollMs);
  }

  #hasForeignNews(): boolean {
    try {
      const before = this.#dataVersion;
      this.#dataVersion = this.#readDataVersion();
      return this.#dataVersion !== before;
    } catch {
      // The readers look for themselves then, and meet the error where it can be handled.
      return true;
    }
  }

  #stopIdlePolling(): void {
    if (this.#wakeups.size > 0) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  /** Changes when another connection has committed something. */
  #readDataVersion(): unknown {
    return (this.#db.prepare('PRAGMA data_version').get() as { data_version: unknown }).data_version;
  }

  /** What was deleted must not stay readable in the log file. A reader's lock can delay that to a later checkpoint. */
  #checkpoint(): void {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }
}

function isBusy(error: unknown): boolean {
  // Extended codes keep the plain one in their low byte: 5 is SQLITE_BUSY.
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 255) === 5
  );
}
