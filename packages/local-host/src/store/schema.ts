import type { DatabaseSync } from 'node:sqlite';

/** Version of the tables below, kept in SQLite's `user_version`. */
export const schemaVersion = 1;

/** The data folder cannot be used: newer than this program, held by another process, or closed. Nothing was changed. */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly code: 'newerData' | 'dataInUse' | 'dataClosed';

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Creates the tables of a new file, and refuses a file of a newer version. */
export function prepareSchema(db: DatabaseSync, path: string): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > schemaVersion) {
    throw new StoreError(
      'newerData',
      `${path} was written by a newer version (data version ${version}, this one knows ${schemaVersion}). ` +
        'Update this program, or choose another folder with --data.',
    );
  }
  if (version === schemaVersion) return;
  db.exec(`
    BEGIN;
    CREATE TABLE messages (
      id INTEGER PRIMARY KEY,
      lane TEXT NOT NULL,
      target TEXT NOT NULL,
      due INTEGER NOT NULL,
      tag TEXT,
      attempts INTEGER NOT NULL DEFAULT 0,
      body TEXT NOT NULL
    );
    CREATE INDEX messages_by_tag ON messages (target, tag) WHERE tag IS NOT NULL;
    CREATE TABLE instances (
      instance_id TEXT PRIMARY KEY,
      status TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      document TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE history (
      instance_id TEXT NOT NULL,
      position INTEGER NOT NULL,
      event TEXT NOT NULL,
      PRIMARY KEY (instance_id, position)
    ) WITHOUT ROWID;
    CREATE TABLE entities (
      id TEXT PRIMARY KEY,
      last_operation_at INTEGER NOT NULL,
      present INTEGER NOT NULL,
      state TEXT,
      lock TEXT
    );
    CREATE TABLE marks (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) WITHOUT ROWID;
    PRAGMA user_version = ${schemaVersion};
    COMMIT;
  `);
}
