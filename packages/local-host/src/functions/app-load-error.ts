import { HostError } from './host-error.ts';

export type AppLoadErrorCode =
  | 'noPackageJson'
  | 'invalidPackageJson'
  | 'noMain'
  | 'noEntryPoint'
  | 'importFailed'
  | 'hookFailed'
  | 'noFunctions'
  | 'duplicateFunction'
  | 'invalidFunction'
  | 'registrationClosed'
  | 'unsupportedModel'
  | 'appAlreadyLoaded';

/** The app could not be loaded. Nothing of it runs. */
export class AppLoadError extends HostError {
  override readonly name: string = 'AppLoadError';
  declare readonly code: AppLoadErrorCode;
  /** Errors of this host reach the library's own error handling, which asks for this mark. */
  readonly isAzureFunctionsSystemError = true;

  constructor(code: AppLoadErrorCode, problem: string, fix: string, options?: ErrorOptions) {
    super(code, problem, fix, options);
  }
}

/** Where in the app's own files something went wrong, as far as it is known. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number;
}

/** A file of the app threw while it was loaded; `cause` is what it threw. */
export class AppImportError extends AppLoadError {
  override readonly name: string = 'AppImportError';
  /** Absolute path; the entry file when nothing better is known. */
  readonly file: string;
  readonly line: number | undefined;

  constructor(position: SourcePosition, reason: string, fix: string, cause: unknown) {
    const place = position.line === undefined ? position.file : `${position.file}:${position.line}`;
    super('importFailed', `${place} failed to load: ${reason}`, fix, { cause });
    this.file = position.file;
    this.line = position.line;
  }
}
