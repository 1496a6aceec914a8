import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { damaged, storeFailure } from './failures.ts';
import { migrate } from './migrations.ts';
import { StoreError } from './store-error.ts';

/** How long (ms) opening and closing wait for a foreign lock; both block the process. */
export const patientMs = 3_000;
/** While running a foreign lock must not hold up the event loop; commits are tried again instead. */
const impatientMs = 5;

/** Pages of 4 KB in the log before they are moved into the database, which takes a few ms. */
const checkpointPages = 4_000;
/** Bytes the log may keep of a size it once had. */
const keptLogBytes = 32 * 1024 * 1024;

/**
 * Opens the database of a data folder, or makes it. What it reads does not grow with what is stored.
 *
 * @throws StoreError `damaged`, `newerData`, `readOnly`, `diskFull`, `diskFailed`, `busy`, `notDurable`, `migrationFailed`
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    ensureFile(path);
    db = new DatabaseSync(path);
    db.exec(`PRAGMA busy_timeout = ${patientMs}; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;`);
    migrate(db, path);
    makeDurable(db, path);
    readEdges(db);
    db.exec(`PRAGMA busy_timeout = ${impatientMs}`);
    return db;
  } catch (error) {
    db?.close();
    throw storeFailure(error, path);
  }
}

/** An empty file is to SQLite a new database. Here a file is only there once it is whole, so an empty one is a loss. */
function ensureFile(path: string): void {
  if (existsSync(path)) {
    if (statSync(path).size > 0) return;
    throw damaged(`${path} is empty.`, dirname(path));
  }
  if (existsSync(`${path}-wal`))
    throw damaged(`${path} is gone, and its log (state.db-wal) is still there.`, dirname(path));
  const fresh = `${path}.new`;
  for (const left of [fresh, `${fresh}-journal`]) rmSync(left, { force: true });
  const db = new DatabaseSync(fresh);
  try {
    db.exec('PRAGMA synchronous = FULL');
    migrate(db, fresh);
  } finally {
    db.close();
  }
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

/** Makes a new name last; Windows does that by itself and has no such call. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function makeDurable(db: DatabaseSync, path: string): void {
  const { journal_mode: mode } = db.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string };
  db.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -16000;
    PRAGMA wal_autocheckpoint = ${checkpointPages};
    PRAGMA journal_size_limit = ${keptLogBytes};
  `);
  const { synchronous } = db.prepare('PRAGMA synchronous').get() as { synchronous: number };
  if (mode === 'wal' && synchronous === 2) return;
  throw new StoreError(
    'notDurable',
    `${path} is on a file system that has no write-ahead log for it (${mode}). Choose a folder on a local disk with --data.`,
  );
}

/** Reads the first and the last row of each table: finds a file that was cut, or is not ours, at the start. */
function readEdges(db: DatabaseSync): void {
  for (const table of ['messages', 'instances', 'history', 'entities', 'marks']) {
    db.prepare(`SELECT * FROM ${table} LIMIT 1`).get();
    db.prepare(`SELECT * FROM ${table} ORDER BY 1 DESC LIMIT 1`).get();
  }
}
