import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { storeFailure } from './failures.ts';
import { StoreError } from './store-error.ts';

/**
 * Holds a data folder for one process. The lock is the operating system's, through SQLite: it ends with the process
 * however that dies, so a crash never leaves a stale one.
 */
export class DataLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Waits up to `waitMs` for another process that is just stopping.
   *
   * @throws StoreError `dataInUse`, or that of a folder which cannot be written
   */
  static acquire(folder: string, waitMs = 3_000): DataLock {
    const file = join(folder, 'lock');
    const ownerFile = join(folder, 'owner.json');
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(file);
      db.exec(`PRAGMA busy_timeout = ${waitMs}; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;`);
      writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, startedAt: new Date().toISOString() }));
      return new DataLock(db);
    } catch (cause) {
      db?.close();
      throw refusal(storeFailure(cause, file), folder, ownerFile);
    }
  }

  release(): void {
    this.#db.close();
  }
}

function refusal(failure: unknown, folder: string, ownerFile: string): unknown {
  if (!(failure instanceof StoreError)) return failure;
  const { cause } = failure;
  if (failure.code === 'busy') {
    return new StoreError(
      'dataInUse',
      `The data folder ${folder} is in use by another local host${ownerName(ownerFile)}. ` +
        'Stop that one, or choose another folder with --data.',
      { cause },
    );
  }
  if (failure.code === 'damaged') {
    return new StoreError(
      'damaged',
      `${join(folder, 'lock')} is damaged. It keeps no data: make sure that no local host runs on this folder, then delete that file.`,
      { cause },
    );
  }
  return failure;
}

function ownerName(file: string): string {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
    return ` (process ${pid})`;
  } catch {
    // The name is only a help; the lock itself has already answered.
    return '';
  }
}
