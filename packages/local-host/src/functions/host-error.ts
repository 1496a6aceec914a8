/**
 * Base of every error this package raises on purpose. `message` says what happened and what to do, so printing it alone
 * is enough; `code` is stable and safe to compare.
 */
export class HostError extends Error {
  override readonly name: string = 'HostError';
  readonly code: string;
  /** What the user can do about it; also the end of `message`. */
  readonly fix: string;

  constructor(code: string, problem: string, fix: string, options?: ErrorOptions) {
    super(`${problem} ${fix}`, options);
    this.code = code;
    this.fix = fix;
  }
}
