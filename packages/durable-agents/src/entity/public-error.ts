import { DurableAgentError } from '../errors.ts';

/** Our own errors are written for callers. Anything else is a bug, and its text could give away too much. */
export function publicError(cause: unknown): DurableAgentError {
  if (DurableAgentError.is(cause)) return cause;
  return new DurableAgentError('internalError', 'The agent failed unexpectedly. The log of the app has the details.', {
    cause,
  });
}
