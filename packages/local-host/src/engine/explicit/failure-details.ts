/** Why something failed, in the wire form of the classic protocol. */
export interface FailureDetails {
  ErrorType: string;
  ErrorMessage: string;
  StackTrace?: string;
  InnerFailure?: FailureDetails;
  IsNonRetriable?: boolean;
  Properties?: Readonly<Record<string, unknown>>;
}

/** Type of a failure of which only a text is known. */
const unknownType = '(unknown)';

/** Details for a failure of which only the reason text was recorded. */
export function detailsOf(reason: string): FailureDetails {
  return { ErrorType: unknownType, ErrorMessage: reason };
}

/** What was thrown, as details; causes become inner failures, ten levels deep. */
export function failureOf(thrown: unknown, depth = 0): FailureDetails {
  if (!(thrown instanceof Error)) return detailsOf(String(thrown));
  const details: FailureDetails = { ErrorType: thrown.name, ErrorMessage: thrown.message };
  if (thrown.stack !== undefined) details.StackTrace = thrown.stack;
  if (thrown.cause !== undefined && thrown.cause !== null && depth < deepestCause) {
    details.InnerFailure = failureOf(thrown.cause, depth + 1);
  }
  return details;
}

const deepestCause = 10;

/** The reason text of a failure, where there is only room for text. */
export function reasonOf({ ErrorType, ErrorMessage }: FailureDetails): string {
  return ErrorType === unknownType ? ErrorMessage : `${ErrorType}: ${ErrorMessage}`;
}

/** An activity failed, and its caller is to be told more than a text. */
export class DetailedFailure extends Error {
  override name = 'DetailedFailure';
  readonly code = 'detailedFailure';
  readonly details: FailureDetails;

  /** @param reason the text for those who read only text */
  constructor(reason: string, details: FailureDetails) {
    super(reason);
    this.details = details;
  }
}
