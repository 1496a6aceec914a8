import type { FailureDetails } from '../../engine/explicit/failure-details.ts';
import type { Draft, Message } from './message-types.ts';
import { fromValues, toValues, unwrap, wrap } from './well-known.ts';

export function toFailure(details: FailureDetails): Draft<'TaskFailureDetails'> {
  const { InnerFailure, Properties } = details;
  return {
    errorType: details.ErrorType,
    errorMessage: details.ErrorMessage,
    stackTrace: wrap(details.StackTrace),
    innerFailure: InnerFailure && toFailure(InnerFailure),
    isNonRetriable: details.IsNonRetriable,
    properties: Properties && toValues(Properties),
  };
}

export function fromFailure(failure: Message<'TaskFailureDetails'>): FailureDetails {
  const stackTrace = unwrap(failure.stackTrace);
  const { innerFailure, properties } = failure;
  return {
    ErrorType: failure.errorType,
    ErrorMessage: failure.errorMessage,
    ...(stackTrace !== null && { StackTrace: stackTrace }),
    ...(innerFailure !== null && { InnerFailure: fromFailure(innerFailure) }),
    ...(failure.isNonRetriable && { IsNonRetriable: true }),
    ...(Object.keys(properties).length > 0 && { Properties: fromValues(properties) }),
  };
}
