import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const tables = `
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY, lane TEXT NOT NULL, target TEXT NOT NULL, due INTEGER NOT NULL, tag TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
  );
  CREATE INDEX messages_by_tag ON messages (target, tag) WHERE tag IS NOT NULL;
  CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY, status TEXT NOT NULL, created_at INTEGER NOT NULL, document TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE history (
    instance_id TEXT NOT NULL, position INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (instance_id, position)
  ) WITHOUT ROWID;
`;

interface Waiting {
  step: (rows: Statements) => void;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** The statements of a step, prepared once. */
export interface Statements {
  putInstance: StatementSync;
  clearHistory: StatementSync;
  addEvent: StatementSync;
  addMessage: StatementSync;
  deleteMessage: StatementSync;
}

/** Steps that are ready in the same turn of the event loop share one transaction and one flush to the disk. */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  #queue: Waiting[] = [];

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#db = new DatabaseSync(join(folder, 'state.db'));
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${tables}`);
    this.#statements = {
      putInstance: this.#db.prepare(
        'INSERT INTO instances (instance_id, status, created_at, document) VALUES (?, ?, ?, ?) ' +
          'ON CONFLICT (instance_id) DO UPDATE SET status = excluded.status, created_at = excluded.created_at, ' +
          'document = excluded.document',
      ),
      clearHistory: this.#db.prepare('DELETE FROM history WHERE instance_id = ?'),
      addEvent: this.#db.prepare('INSERT INTO history (instance_id, position, event) VALUES (?, ?, ?)'),
      addMessage: this.#db.prepare(
        'INSERT INTO messages (id, lane, target, due, tag, body) VALUES (?, ?, ?, 0, NULL, ?)',
      ),
      deleteMessage: this.#db.prepare('DELETE FROM messages WHERE id = ?'),
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
      this.#db.exec('BEGIN IMMEDIATE');
      for (const { step } of batch) step(this.#statements);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { resolve } of batch) resolve();
  }
}
