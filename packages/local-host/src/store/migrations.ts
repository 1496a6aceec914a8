import type { DatabaseSync } from 'node:sqlite';
import { storeFailure } from './failures.ts';
import { createTables } from './schema-1.ts';
import { splitHistoryAndAddChecks } from './schema-2.ts';
import { StoreError } from './store-error.ts';

/** Brings the tables from the version before to its own. It runs inside a transaction, which it must not end. */
export type Migration = (db: DatabaseSync) => void;

/** The migration at index n makes version n + 1. Those that have been released are never changed. */
export const migrations: readonly Migration[] = [createTables, splitHistoryAndAddChecks];

/**
 * Brings a database to the newest version, one transaction a version: a crash between leaves a version that is whole.
 *
 * @throws StoreError `newerData`, `migrationFailed`, or that of the disk; the file then keeps the version it has
 */
export function migrate(db: DatabaseSync, path: string, list: readonly Migration[] = migrations): void {
  const { user_version: stored } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (stored > list.length) {
    throw new StoreError(
      'newerData',
      `${path} was written by a newer version (data version ${stored}, this one knows ${list.length}). ` +
        'Update this program, or choose another folder with --data.',
    );
  }
  for (const [index, step] of list.entries()) {
    if (index < stored) continue;
    const version = index + 1;
    try {
      db.exec('BEGIN IMMEDIATE');
      step(db);
      db.exec(`PRAGMA user_version = ${version}; COMMIT;`);
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK');
      const failure = storeFailure(cause, path);
      if (failure instanceof StoreError) throw failure;
      throw new StoreError(
        'migrationFailed',
        `${path} could not be brought to data version ${version} and was left as it is. ` +
          'Copy the folder, then go back to the version of this program that wrote it, or choose another folder with --data.',
        { cause },
      );
    }
  }
}
