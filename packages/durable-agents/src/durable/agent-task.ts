import type { AgentResponse } from '../agent/response.ts';
import { readAnswerResult } from '../entity/operation-result.ts';
import { ConfigurationError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { AgentCallError, type AgentCallFacts } from './agent-call-error.ts';
import type { DurableTask } from './orchestration-calls.ts';

/**
 * A running call of an agent. It is a task of the orchestration library, so `yield` and `context.df.Task.all` take it;
 * `yield*` gives the response with its type.
 */
export type AgentTask<Task extends DurableTask = DurableTask> = Task & {
  [Symbol.iterator](): Generator<Task, AgentResponse, unknown>;
};

/** The part of the library's task through which its replay settles it. */
interface SettableTask {
  setValue(isError: boolean, value: unknown, executor: unknown): void;
}

/**
 * Makes an entity call settle with the agent's response, or fail with an {@link AgentCallError}. The change is made
 * where the library settles the task, so every way to wait for it sees the same, at first and on each replay.
 */
export function asAgentTask<Task extends DurableTask>(task: Task, call: AgentCallFacts): AgentTask<Task> {
  const settable = task as Task & Partial<SettableTask>;
  const { setValue } = settable;
  if (typeof setValue !== 'function') {
    throw new ConfigurationError('durableFunctionsUnsupported', 'This version of durable-functions is not supported.', {
      fix: 'Use durable-functions 3.5 or a later 3.x.',
    });
  }
  settable.setValue = (isError, value, executor) => {
    const settled = settle(isError, value, call);
    setValue.call(task, settled instanceof AgentCallError, settled, executor);
  };
  return Object.assign(task, {
    *[Symbol.iterator](): Generator<Task, AgentResponse, unknown> {
      return (yield task) as AgentResponse;
    },
  });
}

function settle(isError: boolean, value: unknown, call: AgentCallFacts): AgentResponse | AgentCallError {
  if (isError) {
    const message = value instanceof Error ? value.message : 'The call of its session failed.';
    return new AgentCallError({ code: 'agentCallFailed', message }, call, value);
  }
  const answer = readAnswerResult(value as JsonValue | undefined);
  return answer.status === 'completed' ? answer.response : new AgentCallError(answer.error, call);
}
