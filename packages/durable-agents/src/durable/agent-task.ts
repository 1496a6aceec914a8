import type { AgentResponse } from '../agent/response.ts';
import { formatValue, type ResponseFormat, type TypedResponse } from '../agent/response-format.ts';
import { isStandardSchema } from '../agent/tool-json-schema.ts';
import { readAnswerResult } from '../entity/operation-result.ts';
import { ConfigurationError, DurableAgentError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { failureOf } from '../state/answer.ts';
import { isObject } from '../state/stored-fields.ts';
import { AgentCallError, type AgentCallFacts } from './agent-call-error.ts';
import type { DurableTask } from './orchestration-calls.ts';

/**
 * A running call of an agent. It is a task of the orchestration library, so `yield` and `context.df.Task.all` take it;
 * `yield*` gives the response with its type.
 */
export type AgentTask<Task extends DurableTask = DurableTask, Response = AgentResponse> = Task & {
  [Symbol.iterator](): Generator<Task, Response, unknown>;
};

/** The part of the library's task through which its replay settles it. */
interface SettableTask {
  setValue(isError: boolean, value: unknown, executor: unknown): void;
}

/**
 * Makes an entity call settle with the agent's response, or fail with an {@link AgentCallError}. The change is made
 * where the library settles the task, so every way to wait for it sees the same, at first and on each replay.
 */
export function asAgentTask<Task extends DurableTask, Format extends ResponseFormat>(
  task: Task,
  call: AgentCallFacts,
  format: Format | undefined,
): AgentTask<Task, TypedResponse<Format>> {
  const settable = task as Task & Partial<SettableTask>;
  const { setValue } = settable;
  if (typeof setValue !== 'function') {
    throw new ConfigurationError('durableFunctionsUnsupported', 'This version of durable-functions is not supported.', {
      fix: 'Use durable-functions 3.5 or a later 3.x.',
    });
  }
  settable.setValue = (isError, value, executor) => {
    const settled = settle(isError, value, call, format);
    setValue.call(task, settled instanceof AgentCallError, settled, executor);
  };
  return Object.assign(task, {
    *[Symbol.iterator](): Generator<Task, TypedResponse<Format>, unknown> {
      return (yield task) as TypedResponse<Format>;
    },
  });
}

function settle(
  isError: boolean,
  value: unknown,
  asked: AgentCallFacts,
  format: ResponseFormat | undefined,
): AgentResponse | AgentCallError {
  // The turn that counts may be a later attempt.
  const correlationId = isObject(value) && typeof value.correlationId === 'string' ? value.correlationId : undefined;
  const call = { ...asked, ...(correlationId !== undefined && { correlationId }) };
  if (isError) {
    const message = value instanceof Error ? value.message : 'The call of its session failed.';
    return new AgentCallError({ code: 'agentCallFailed', message }, call, value);
  }
  const answer = readAnswerResult(value as JsonValue | undefined);
  return answer.status === 'completed' ? typed(answer.response, call, format) : new AgentCallError(answer.error, call);
}

function typed(
  response: AgentResponse,
  call: AgentCallFacts,
  format: ResponseFormat | undefined,
): AgentResponse | AgentCallError {
  if (format === undefined || !isStandardSchema(format)) return response;
  let value: unknown;
  try {
    value = formatValue(format, response.value);
  } catch (error) {
    if (!DurableAgentError.is(error)) throw error;
    return new AgentCallError(failureOf(error), call, error);
  }
  if (!(value instanceof Promise)) return { ...response, value: value as never };
  // Nobody waits for it.
  value.catch(() => {});
  const message =
    'The schema of the response format answers later; an orchestration can only use one that answers at once.';
  return new AgentCallError({ code: 'invalidResponseFormat', message }, call);
}
