import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Entity } from '../engine/entity.ts';
import type { Instance, Lane } from '../engine/instance.ts';
import { makeDataFolder } from './data-folder.ts';
import { DataLock } from './data-lock.ts';
import { EntityTable } from './entity-table.ts';
import { type FailPoint, failPointFrom } from './fail-points.ts';
import { storeFailure } from './failures.ts';
import { GroupCommit, type StoreHealth } from './group-commit.ts';
import { HistoryTable } from './history-table.ts';
import { InstanceTable } from './instance-table.ts';
import { MessageTable } from './message-table.ts';
import { openDatabase, patientMs } from './open-database.ts';
import { Statements } from './statements.ts';
import type { Commit, InstanceQuery, Store, StoredMessage } from './store.ts';

/**
 * The store in one SQLite file. Commits are collected until the event loop turns and then written in one transaction
 * with one flush (`synchronous=FULL`): when a commit's promise resolves, a power cut cannot take it back.
 *
 * What is read is checked: a record that is not as it was written is an error (StoreError `damaged`), never another
 * state. Nothing is done while nothing is committed.
 */
export class SqliteStore implements Store {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #lock: DataLock;
  readonly #statements: Statements;
  readonly #messages: MessageTable;
  readonly #instances: InstanceTable;
  readonly #history: HistoryTable;
  readonly #entities: EntityTable;
  readonly #commits: GroupCommit;

  private constructor(
    folder: string,
    path: string,
    db: DatabaseSync,
    lock: DataLock,
    failPoint: FailPoint | undefined,
  ) {
    this.#path = path;
    this.#db = db;
    this.#lock = lock;
    const statements = new Statements(db);
    this.#statements = statements;
    this.#messages = new MessageTable(statements, folder);
    this.#instances = new InstanceTable(statements, folder);
    this.#history = new HistoryTable(statements, folder);
    this.#entities = new EntityTable(statements, folder);
    this.#commits = new GroupCommit({ statements, apply: (commit) => this.#apply(commit), failPoint, path });
  }

  /** Opens or creates the data folder. @throws StoreError if it cannot be used, with what to do */
  static open(folder: string): SqliteStore {
    const failPoint = failPointFrom(process.env);
    makeDataFolder(folder);
    const lock = DataLock.acquire(folder);
    let db: DatabaseSync | undefined;
    const path = join(folder, 'state.db');
    try {
      db = openDatabase(path);
      return new SqliteStore(folder, path, db, lock, failPoint);
    } catch (error) {
      db?.close();
      lock.release();
      throw storeFailure(error, path);
    }
  }

  /** @throws StoreError (as the rejection) if it is not on disk; the caller may try it again */
  commit(commit: Commit): Promise<StoredMessage[]> {
    return this.#commits.add(commit);
  }

  /** Whether the last flush reached the disk. */
  health(): StoreHealth {
    return this.#commits.health;
  }

  #apply(commit: Commit): StoredMessage[] {
    for (const id of commit.purge ?? []) {
      // The history is found by way of the record, and so goes first.
      this.#history.delete(id);
      this.#instances.delete(id);
      this.#messages.deleteOfInstance(id);
    }
    for (const id of commit.consume ?? []) this.#messages.delete(id);
    for (const { target, tag } of commit.withdraw ?? []) this.#messages.withdraw(target, tag);
    if (commit.instance !== undefined) this.#instances.put(commit.instance);
    if (commit.history !== undefined) this.#history.add(commit.history);
    if (commit.entity !== undefined) this.#entities.put(commit.entity);
    for (const id of commit.attempted ?? []) this.#messages.countAttempt(id);
    for (const { key, value } of commit.marks ?? []) {
      this.#statements.run('INSERT OR REPLACE INTO marks (key, value) VALUES (?, ?)', key, value);
    }
    return (commit.outgoing ?? []).map((message) => this.#messages.add(message));
  }

  *messages(lane: Lane): Iterable<StoredMessage> {
    yield* this.#read(() => [...this.#messages.of(lane)]);
  }

  messageBody(id: number): string | undefined {
    return this.#messages.body(id);
  }

  instance(instanceId: string): Instance | undefined {
    return this.#read(() => this.#instances.get(instanceId));
  }

  history(instanceId: string): string[] {
    return this.#read(() => this.#history.of(instanceId));
  }

  instances(query: InstanceQuery): Instance[] {
    return this.#read(() => this.#instances.list(query));
  }

  entity(id: string): Entity | undefined {
    return this.#read(() => this.#entities.get(id));
  }

  entities(query: { name?: string; after?: string; limit: number }): Entity[] {
    return this.#read(() => this.#entities.list(query));
  }

  mark(key: string): string | undefined {
    return this.#read(
      () => this.#statements.get('SELECT value FROM marks WHERE key = ?').get(key)?.value as string | undefined,
    );
  }

  /** Writes what is queued (or rejects it) and lets go of the folder. */
  close(): void {
    try {
      this.#db.exec(`PRAGMA busy_timeout = ${patientMs}`);
      this.#commits.close();
      this.#db.close();
    } finally {
      this.#lock.release();
    }
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storeFailure(error, this.#path);
    }
  }
}
