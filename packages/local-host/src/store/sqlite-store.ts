import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Entity } from '../engine/entity.ts';
import type { Instance, Lane } from '../engine/instance.ts';
import { DataLock } from './data-lock.ts';
import { prepareSchema, StoreError } from './schema.ts';
import type { Commit, InstanceQuery, Store, StoredMessage } from './store.ts';

const selectEntities = 'SELECT id, last_operation_at, present, state, lock FROM entities';

interface Waiting {
  commit: Commit;
  resolve: (messages: StoredMessage[]) => void;
  reject: (error: unknown) => void;
}

/**
 * The store in one SQLite file. Commits are collected until the event loop turns and then written in one transaction
 * with one flush (`synchronous=FULL`): when a commit's promise resolves, a power cut cannot take it back.
 */
export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #lock: DataLock;
  readonly #statements = new Map<string, StatementSync>();
  #queue: Waiting[] = [];
  #nextId: number;
  #closed = false;

  private constructor(db: DatabaseSync, lock: DataLock) {
    this.#db = db;
    this.#lock = lock;
    const row = db.prepare('SELECT max(id) AS id FROM messages').get() as { id: number | null };
    this.#nextId = (row.id ?? 0) + 1;
  }

  /** Opens or creates the data folder. @throws StoreError if another process holds it or the data is newer */
  static open(folder: string): SqliteStore {
    mkdirSync(folder, { recursive: true });
    const lock = DataLock.acquire(folder);
    try {
      const path = join(folder, 'state.db');
      const db = new DatabaseSync(path);
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
      prepareSchema(db, path);
      return new SqliteStore(db, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  commit(commit: Commit): Promise<StoredMessage[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new StoreError('dataClosed', 'The data folder is closed; the step was not written and will run again.'));
        return;
      }
      if (this.#queue.length === 0) setImmediate(() => this.#flush());
      this.#queue.push({ commit, resolve, reject });
    });
  }

  #flush(): void {
    const batch = this.#queue;
    this.#queue = [];
    if (batch.length === 0) return;
    const done: { waiting: Waiting; messages: StoredMessage[] }[] = [];
    const refused: { waiting: Waiting; error: unknown }[] = [];
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const waiting of batch) {
        this.#db.exec('SAVEPOINT step');
        try {
          done.push({ waiting, messages: this.#apply(waiting.commit) });
        } catch (error) {
          this.#db.exec('ROLLBACK TO step');
          refused.push({ waiting, error });
        }
        this.#db.exec('RELEASE step');
      }
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    for (const { waiting, error } of refused) waiting.reject(error);
    for (const { waiting, messages } of done) waiting.resolve(messages);
  }

  #apply(commit: Commit): StoredMessage[] {
    for (const id of commit.purge ?? []) {
      this.#run('DELETE FROM instances WHERE instance_id = ?', id);
      this.#run('DELETE FROM history WHERE instance_id = ?', id);
      this.#run("DELETE FROM messages WHERE lane = 'orchestration' AND target = ?", id);
    }
    for (const id of commit.consume ?? []) this.#run('DELETE FROM messages WHERE id = ?', id);
    for (const { target, tag } of commit.withdraw ?? []) {
      this.#run('DELETE FROM messages WHERE target = ? AND tag = ?', target, tag);
    }
    if (commit.instance !== undefined) this.#putInstance(commit.instance);
    if (commit.history !== undefined) this.#putHistory(commit.history);
    if (commit.entity !== undefined) this.#putEntity(commit.entity);
    for (const id of commit.attempted ?? []) this.#run('UPDATE messages SET attempts = attempts + 1 WHERE id = ?', id);
    for (const { key, value } of commit.marks ?? []) {
      this.#run('INSERT OR REPLACE INTO marks (key, value) VALUES (?, ?)', key, value);
    }
    return (commit.outgoing ?? []).map((message) => {
      const id = this.#nextId++;
      const { lane, target, due, tag, body } = message;
      this.#run(
        'INSERT INTO messages (id, lane, target, due, tag, body) VALUES (?, ?, ?, ?, ?, ?)',
        id,
        lane,
        target,
        due,
        tag,
        body,
      );
      return { id, lane, target, due, tag, body };
    });
  }

  #putInstance(instance: Instance): void {
    this.#run(
      'INSERT INTO instances (instance_id, status, created_at, document) VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT (instance_id) DO UPDATE SET status = excluded.status, created_at = excluded.created_at, document = excluded.document',
      instance.instanceId,
      instance.status,
      instance.createdAt,
      JSON.stringify(instance),
    );
  }

  #putHistory(history: NonNullable<Commit['history']>): void {
    if (history.replace) this.#run('DELETE FROM history WHERE instance_id = ?', history.instanceId);
    history.events.forEach((event, index) => {
      this.#run(
        'INSERT INTO history (instance_id, position, event) VALUES (?, ?, ?)',
        history.instanceId,
        history.from + index,
        event,
      );
    });
  }

  #putEntity(entity: Entity): void {
    if (!entity.exists && entity.lock === null) {
      this.#run('DELETE FROM entities WHERE id = ?', entity.id);
      return;
    }
    this.#run(
      'INSERT OR REPLACE INTO entities (id, last_operation_at, present, state, lock) VALUES (?, ?, ?, ?, ?)',
      entity.id,
      entity.lastOperationAt,
      entity.exists ? 1 : 0,
      entity.state,
      entity.lock === null ? null : JSON.stringify(entity.lock),
    );
  }

  *messages(lane: Lane): Iterable<StoredMessage> {
    const rows = this.#statement(
      'SELECT id, lane, target, due, tag, attempts, body FROM messages WHERE lane = ? ORDER BY id',
    ).all(lane);
    for (const row of rows) yield { ...row } as unknown as StoredMessage;
  }

  instance(instanceId: string): Instance | undefined {
    const row = this.#statement('SELECT document FROM instances WHERE instance_id = ?').get(instanceId);
    return row === undefined ? undefined : (JSON.parse(row.document as string) as Instance);
  }

  history(instanceId: string): string[] {
    const rows = this.#statement('SELECT event FROM history WHERE instance_id = ? ORDER BY position').all(instanceId);
    return rows.map((row) => row.event as string);
  }

  instances(query: InstanceQuery): Instance[] {
    const where = ['instance_id > ?', 'created_at >= ?', 'created_at <= ?'];
    const values: (string | number)[] = [
      query.after ?? '',
      query.createdFrom ?? 0,
      query.createdTo ?? Number.MAX_SAFE_INTEGER,
    ];
    if (query.statuses !== undefined && query.statuses.length > 0) {
      where.push(`status IN (${query.statuses.map(() => '?').join(', ')})`);
      values.push(...query.statuses);
    }
    if (query.idPrefix !== undefined) {
      where.push('substr(instance_id, 1, ?) = ?');
      values.push([...query.idPrefix].length, query.idPrefix);
    }
    const sql = `SELECT document FROM instances WHERE ${where.join(' AND ')} ORDER BY instance_id LIMIT ?`;
    return this.#statement(sql)
      .all(...values, query.limit)
      .map((row) => JSON.parse(row.document as string) as Instance);
  }

  entity(id: string): Entity | undefined {
    const row = this.#statement(`${selectEntities} WHERE id = ?`).get(id);
    return row === undefined ? undefined : toEntity(row);
  }

  entities(query: { name?: string; after?: string; limit: number }): Entity[] {
    const prefix = query.name === undefined ? '@' : `@${query.name.toLowerCase()}@`;
    return this.#statement(
      `${selectEntities} WHERE present = 1 AND id > ? AND substr(id, 1, ?) = ? ORDER BY id LIMIT ?`,
    )
      .all(query.after ?? '', prefix.length, prefix, query.limit)
      .map(toEntity);
  }

  mark(key: string): string | undefined {
    return this.#statement('SELECT value FROM marks WHERE key = ?').get(key)?.value as string | undefined;
  }

  /** Writes what is queued and lets go of the folder. */
  close(): void {
    this.#closed = true;
    this.#flush();
    this.#db.close();
    this.#lock.release();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#statement(sql).run(...values);
  }
}

function toEntity(row: Record<string, unknown>): Entity {
  return {
    id: row.id as string,
    state: row.state as string | null,
    exists: row.present === 1,
    lastOperationAt: row.last_operation_at as number,
    lock: row.lock === null ? null : (JSON.parse(row.lock as string) as Entity['lock']),
  };
}
