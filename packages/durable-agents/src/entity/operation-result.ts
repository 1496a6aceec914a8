import type { AgentResponse } from '../agent/response.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { AgentFailure, Answer } from '../state/answer.ts';
import { withoutUndefined } from '../state/content-codec.ts';
import { readResponse, writeResponse } from '../state/response-codec.ts';
import { isObject } from '../state/stored-fields.ts';

/*
 * What the operation `run` gives back: the response as JSON with `correlationId`, or `{status: "failed", error,
 * correlationId}`. A failure is a value, not an exception: durable-functions loses the text of what an entity throws.
 */

export function writeAnswer(answer: Answer, correlationId: string): JsonObject {
  if (answer.status === 'failed') return writeFailure(answer.error, correlationId);
  return { ...writeResponse(answer.response), correlationId };
}

export function writeFailure(error: AgentFailure, correlationId: string | undefined): JsonObject {
  return {
    status: 'failed',
    error: withoutUndefined({ ...error }),
    ...(correlationId !== undefined && { correlationId }),
  };
}

/** The answer behind an operation's result, also behind the forms in which other runtimes report a failure. */
export function readAnswerResult(result: JsonValue | undefined): Answer {
  if (!isObject(result)) return { status: 'failed', error: unreadable };
  const { status, error } = result;
  if (isObject(error)) {
    const { code, message, ...facts } = error as Record<string, JsonValue>;
    return {
      status: 'failed',
      error: { ...facts, code: text(code, 'agentFailed'), message: text(message, 'The agent failed.') },
    };
  }
  if (status === 'failed' || status === 'error' || typeof error === 'string') {
    return { status: 'failed', error: { code: 'agentFailed', message: text(error, 'The agent failed.') } };
  }
  if (!Array.isArray(result.messages)) return { status: 'failed', error: unreadable };
  return { status: 'completed', response: readResponse(result as JsonObject) satisfies AgentResponse };
}

const unreadable: AgentFailure = {
  code: 'agentResultInvalid',
  message: 'The session gave back something that is not an answer of an agent.',
};

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
