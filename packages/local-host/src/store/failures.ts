import { dirname } from 'node:path';
import { StoreError, type StoreErrorCode } from './store-error.ts';

// Primary result codes of SQLite; an extended code carries its primary code in the low byte.
const sqliteCodes: Record<number, StoreErrorCode> = {
  3: 'readOnly', // PERM
  5: 'busy', // BUSY
  6: 'busy', // LOCKED
  8: 'readOnly', // READONLY
  10: 'diskFailed', // IOERR
  11: 'damaged', // CORRUPT
  13: 'diskFull', // FULL
  14: 'readOnly', // CANTOPEN
  26: 'damaged', // NOTADB
};

const systemCodes: Record<string, StoreErrorCode> = {
  ENOSPC: 'diskFull',
  EDQUOT: 'diskFull',
  EROFS: 'readOnly',
  EACCES: 'readOnly',
  EPERM: 'readOnly',
  ENOTDIR: 'readOnly',
  EEXIST: 'readOnly',
  EIO: 'diskFailed',
  EFBIG: 'diskFailed',
};

/**
 * Names a failure of SQLite or of the file system and says what to do. What is neither is given back as it is.
 *
 * @param path the file it happened to
 */
export function storeFailure(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const { errcode, code: system } = error as { errcode?: number; code?: string };
  const code = errcode === undefined ? systemCodes[system ?? ''] : sqliteCodes[errcode & 0xff];
  return code === undefined ? error : new StoreError(code, textOf(code, path, error.message), { cause: error });
}

/** Failures of the disk or the database as a whole: no other step would fare better. */
export function concernsAll(error: unknown): boolean {
  return error instanceof StoreError && error.code !== 'damaged' && error.code !== 'outOfStep';
}

/** @param what the file or record, and what is wrong with it */
export function damaged(what: string, folder: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    'damaged',
    `${what} Stop the host and copy the folder ${folder} before anything else; ` +
      'then put a backup in its place, or move it away to start with nothing.',
    options,
  );
}

function textOf(code: StoreErrorCode, path: string, reason: string): string {
  switch (code) {
    case 'diskFull':
      return `The disk is full; ${path} could not be written. Make room; the host goes on by itself. (${reason})`;
    case 'readOnly':
      return `${path} cannot be written. Give this user the right to write there, or choose another folder with --data. (${reason})`;
    case 'busy':
      return `${path} is kept locked by another program. Close what has it open for writing (a database browser, a backup). (${reason})`;
    case 'damaged':
      return damaged(`${path} is damaged (${reason}).`, dirname(path)).message;
    default:
      return `The disk reported an error at ${path}. Check the disk, its quota and the limit on file sizes. (${reason})`;
  }
}
