import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** The engine's records without its indexes and checks: what is written together lies together. */
const tables = `
  CREATE TABLE messages (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL);
  CREATE TABLE instances (
    number INTEGER PRIMARY KEY, instance_id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, document TEXT NOT NULL
  );
  CREATE TABLE history (
    chunk INTEGER PRIMARY KEY, instance INTEGER NOT NULL, position INTEGER NOT NULL, events TEXT NOT NULL
  );
`;

/** Pages in the log before they are moved into the database, as many as the engine has. */
const checkpointPages = 4_000;

interface Waiting {
  step: (rows: Statements) => void;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** The statements of a step, prepared once. */
export interface Statements {
  addInstance: StatementSync;
  changeInstance: StatementSync;
  addEvents: StatementSync;
  addMessage: StatementSync;
  deleteMessage: StatementSync;
}

/** Steps that are ready in the same turn of the event loop share one transaction and one flush to the disk. */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #statements: Statements;
  #queue: Waiting[] = [];

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#db = new DatabaseSync(join(folder, 'state.db'));
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${tables}`);
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    const prepare = (sql: string) => this.#db.prepare(sql);
    this.#begin = prepare('BEGIN IMMEDIATE');
    this.#end = prepare('COMMIT');
    this.#statements = {
      addInstance: prepare('INSERT INTO instances (number, instance_id, status, document) VALUES (?, ?, ?, ?)'),
      changeInstance: prepare('UPDATE instances SET status = ?, document = ? WHERE number = ?'),
      addEvents: prepare('INSERT INTO history (instance, position, events) VALUES (?, ?, ?)'),
      addMessage: prepare('INSERT INTO messages (id, lane, target, body) VALUES (?, ?, ?, ?)'),
      deleteMessage: prepare('DELETE FROM messages WHERE id = ?'),
    };
  }

  /** Resolves when the step is on disk. */
  write(step: (rows: Statements) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#flush());
      this.#queue.push({ step, resolve, reject });
    });
  }

  close(): void {
    this.#db.close();
  }

  #flush(): void {
    const batch = this.#queue;
    this.#queue = [];
    try {
      this.#begin.run();
      for (const { step } of batch) step(this.#statements);
      this.#end.run();
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { resolve } of batch) resolve();
  }
}
