import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './schema.ts';

/**
 * Holds a data folder for one process. The lock is the operating system's, through SQLite: it ends with the process
 * however that dies, so a crash never leaves a stale one.
 */
export class DataLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Waits up to `waitMs` for another process that is just stopping. @throws StoreError `dataInUse` */
  static acquire(folder: string, waitMs = 3_000): DataLock {
    const db = new DatabaseSync(join(folder, 'lock'));
    const ownerFile = join(folder, 'owner.json');
    try {
      db.exec(`PRAGMA busy_timeout = ${waitMs}; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;`);
    } catch (cause) {
      db.close();
      throw new StoreError(
        'dataInUse',
        `The data folder ${folder} is in use by another local host${ownerName(ownerFile)}. ` +
          'Stop that one, or choose another folder with --data.',
        { cause },
      );
    }
    writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, startedAt: new Date().toISOString() }));
    return new DataLock(db);
  }

  release(): void {
    this.#db.exec('ROLLBACK');
    this.#db.close();
  }
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
