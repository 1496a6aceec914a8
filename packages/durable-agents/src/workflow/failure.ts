import { boundText } from '../agent/bound-text.ts';
import { describeError } from '../agent/describe-error.ts';
import { DurableAgentError } from '../errors.ts';
import type { CallFailure, CallOutcome, ErrorFact } from './effects.ts';

const maxDepth = 5;
const maxMessageBytes = 1024;

/** What is kept of whatever was thrown: names, messages and codes along the chain of causes, never a stack. */
export function errorFact(thrown: unknown, depth = 0): ErrorFact {
  if (!(thrown instanceof Error)) return { name: 'Error', message: describeError(thrown, maxMessageBytes) };
  const { code } = thrown as { code?: unknown };
  return {
    name: boundText(String(thrown.name), 128),
    message: boundText(String(thrown.message), maxMessageBytes),
    ...((typeof code === 'string' || typeof code === 'number') && { code: boundText(String(code), 128) }),
    ...(thrown.cause !== undefined && depth < maxDepth && { cause: errorFact(thrown.cause, depth + 1) }),
  };
}

/**
 * A call that threw, as its outcome. Errors of the library keep their code; all others are `executorFailed`.
 *
 * @param retryable whether another attempt may go better
 */
export function failureOutcome(thrown: unknown, retryable: boolean): CallOutcome & { status: 'failed' } {
  const failure: CallFailure = {
    code: DurableAgentError.is(thrown) ? thrown.code : 'executorFailed',
    message: describeError(thrown, maxMessageBytes),
    retryable,
    cause: errorFact(thrown),
  };
  return { status: 'failed', failure };
}
