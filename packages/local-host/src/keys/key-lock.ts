import { DatabaseSync } from 'node:sqlite';
import { KeyError } from './key-error.ts';

/**
 * Runs a change while no other process changes keys. The lock is the operating system's, through SQLite, as for the data
 * folder: it ends with the process however that dies, so there is no stale one to judge.
 *
 * @param file path of the lock; made when missing, and left behind empty
 * @param change must not be asynchronous: the lock is gone when it returns
 * @param waitMs how long to wait for the others, in milliseconds
 * @throws KeyError `keysBusy`, `unwritableKeyFile`, and what `change` throws
 */
export function withKeyLock<T>(file: string, change: () => T, waitMs = 5_000): T {
  const lock = openLock(file);
  try {
    take(lock, file, waitMs);
    const result = change();
    lock.exec('ROLLBACK');
    return result;
  } finally {
    lock.close();
  }
}

function openLock(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file);
  } catch (cause) {
    throw new KeyError(
      'unwritableKeyFile',
      `${file} cannot be opened.`,
      'Check the rights on the folder, or choose another with --data.',
      { cause },
    );
  }
}

function take(lock: DatabaseSync, file: string, waitMs: number): void {
  try {
    lock.exec(`PRAGMA busy_timeout = ${waitMs}; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;`);
  } catch (cause) {
    throw new KeyError('keysBusy', `Another process is changing the keys (${file} is held).`, 'Try again.', { cause });
  }
}
