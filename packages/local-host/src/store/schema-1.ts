import type { DatabaseSync } from 'node:sqlite';

export function createTables(db: DatabaseSync): void {
  db.exec(`
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
  `);
}
