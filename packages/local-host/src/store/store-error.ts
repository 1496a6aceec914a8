export type StoreErrorCode =
  /** Written by a newer program. */
  | 'newerData'
  /** Held by another process. */
  | 'dataInUse'
  /** The store was closed before the step was written. */
  | 'dataClosed'
  | 'diskFull'
  /** No right to write, a read-only file system, or a path that cannot be a folder. */
  | 'readOnly'
  /** The disk reported an error, or a limit on file sizes was met. */
  | 'diskFailed'
  /** What is stored is not what was written. */
  | 'damaged'
  /** Another program keeps the database locked. */
  | 'busy'
  /** The file system cannot keep what the host promises. */
  | 'notDurable'
  /** The tables could not be brought to this program's version. */
  | 'migrationFailed'
  /** A step does not follow on what is stored. */
  | 'outOfStep'
  | 'badFailPoint';

/** The store cannot do what was asked. What was stored before is unchanged, and nothing was acknowledged. */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
