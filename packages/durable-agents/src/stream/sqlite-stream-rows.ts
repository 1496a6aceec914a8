import type { DatabaseSync } from 'node:sqlite';
import { newEpoch } from './log-cursor.ts';
import type { TurnKey } from './stream-store.ts';
import type { TurnEvent } from './turn-event.ts';

export interface StreamRow {
  id: number;
  epoch: string;
  /** Position of the oldest event that is kept. */
  first: number;
  /** Position of the newest event; 0 if there is none yet. */
  last: number;
  bytes: number;
  attempts: number;
}

/** The statements of a stream store. Those that write need a transaction around them. */
export class StreamRows {
  readonly #db: DatabaseSync;
  readonly #find;
  readonly #page;
  readonly #insert;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#find = db.prepare(
      `SELECT id, epoch, first, last, bytes, attempts FROM streams
       WHERE session_id = ? AND correlation_id = ? AND touched_at > ?`,
    );
    this.#page = db.prepare(
      'SELECT position, event FROM events WHERE stream = ? AND position > ? ORDER BY position LIMIT ?',
    );
    this.#insert = db.prepare('INSERT INTO events (stream, position, event) VALUES (?, ?, ?)');
  }

  find({ sessionId, correlationId }: TurnKey, touchedAfter: number): StreamRow | undefined {
    return this.#find.get(sessionId, correlationId, touchedAfter) as StreamRow | undefined;
  }

  page(stream: number, after: number, limit: number): { position: number; event: TurnEvent }[] {
    const rows = this.#page.all(stream, after, limit) as { position: number; event: string }[];
    return rows.map(({ position, event }) => ({ position, event: JSON.parse(event) as TurnEvent }));
  }

  /** The stream of a turn, made if there is none that was touched after `touchedAfter`, and touched now. */
  touch(key: TurnKey, now: number, touchedAfter: number): StreamRow {
    const { sessionId, correlationId } = key;
    const found = this.find(key, touchedAfter);
    if (found !== undefined) {
      this.#db.prepare('UPDATE streams SET touched_at = ? WHERE id = ?').run(now, found.id);
      return found;
    }
    this.#deleteWhere('session_id = ? AND correlation_id = ?', [sessionId, correlationId]);
    this.#db
      .prepare('INSERT INTO streams (session_id, correlation_id, epoch, touched_at) VALUES (?, ?, ?, ?)')
      .run(sessionId, correlationId, newEpoch(), now);
    return this.find(key, touchedAfter) as StreamRow;
  }

  /** @returns whether the step was begun before */
  beginStep(stream: StreamRow, step: string): boolean {
    this.#db.prepare('UPDATE streams SET attempts = attempts + 1 WHERE id = ?').run(stream.id);
    const { changes } = this.#db
      .prepare('INSERT INTO steps (stream, step) VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(stream.id, step);
    return Number(changes) === 0;
  }

  append(stream: StreamRow, events: readonly TurnEvent[], maxBytes: number): void {
    let { first, last, bytes } = stream;
    for (const event of events) {
      const json = JSON.stringify(event);
      last++;
      bytes += Buffer.byteLength(json);
      this.#insert.run(stream.id, last, json);
    }
    while (bytes > maxBytes && first < last) {
      const oldest = this.#db
        .prepare('DELETE FROM events WHERE stream = ? AND position = ? RETURNING length(CAST(event AS BLOB)) AS bytes')
        .get(stream.id, first) as { bytes: number };
      bytes -= oldest.bytes;
      first++;
    }
    this.#db
      .prepare('UPDATE streams SET first = ?, last = ?, bytes = ? WHERE id = ?')
      .run(first, last, bytes, stream.id);
  }

  delete({ sessionId, correlationId }: TurnKey): void {
    this.#deleteWhere('session_id = ? AND correlation_id = ?', [sessionId, correlationId]);
  }

  deleteSession(sessionId: string): void {
    this.#deleteWhere('session_id = ?', [sessionId]);
  }

  /** @returns whether there were any */
  deleteTouchedBefore(time: number): boolean {
    return this.#deleteWhere('touched_at <= ?', [time]);
  }

  #deleteWhere(condition: string, values: readonly (string | number)[]): boolean {
    const ids = this.#db.prepare(`SELECT id FROM streams WHERE ${condition}`).all(...values) as { id: number }[];
    for (const { id } of ids) {
      this.#db.prepare('DELETE FROM events WHERE stream = ?').run(id);
      this.#db.prepare('DELETE FROM steps WHERE stream = ?').run(id);
      this.#db.prepare('DELETE FROM streams WHERE id = ?').run(id);
    }
    return ids.length > 0;
  }
}
