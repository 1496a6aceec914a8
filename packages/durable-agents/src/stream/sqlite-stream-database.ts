import type { DatabaseSync } from 'node:sqlite';
import { ConfigurationError } from '../errors.ts';

/** How long a statement may block this process for another one's lock, in milliseconds. */
const busyTimeoutMs = 20;
const layout = 1;

/**
 * Opens the file of a stream store, or makes it.
 *
 * @throws ConfigurationError `streamStoreUnusable` if the file cannot be used, or this Node.js has no SQLite.
 */
export function openStreamDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    // Only when it is wanted: loading the module warns, and fails on versions of Node.js that have none.
    // Not by an import either, which a bundler would put at the start, or could not follow.
    const sqlite = process.getBuiltinModule('node:sqlite');
    if (sqlite === undefined) throw new Error(`Node.js ${process.version} has no node:sqlite.`);
    db = new sqlite.DatabaseSync(path);
    // Opening waits longer: several processes may be making the file at the same moment.
    db.exec('PRAGMA busy_timeout = 3000');
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;');
    makeTables(db);
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    return db;
  } catch (cause) {
    db?.close();
    throw new ConfigurationError('streamStoreUnusable', `The stream store cannot use the file ${path}.`, {
      fix: 'Look at the cause. Use Node.js 22.13 or later and a path on a local disk that the app may write to; a damaged file of streams can be deleted.',
      cause,
    });
  }
}

function makeTables(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version !== 0 && version !== layout) throw new Error(`The file has layout ${version}, not ${layout}.`);
    db.exec(`
      CREATE TABLE IF NOT EXISTS streams (
        id INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL,
        correlation_id TEXT NOT NULL,
        epoch TEXT NOT NULL,
        first INTEGER NOT NULL DEFAULT 1,
        last INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        touched_at INTEGER NOT NULL,
        UNIQUE (session_id, correlation_id)
      );
      CREATE INDEX IF NOT EXISTS streams_by_time ON streams (touched_at);
      CREATE TABLE IF NOT EXISTS events (
        stream INTEGER NOT NULL,
        position INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (stream, position)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS steps (
        stream INTEGER NOT NULL,
        step TEXT NOT NULL,
        PRIMARY KEY (stream, step)
      ) WITHOUT ROWID;
      PRAGMA user_version = ${layout};
    `);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
