import assert from 'node:assert/strict';
import type { JsonValue } from '../../src/json.ts';
import { WorkflowBuildError, type WorkflowProblem, WorkflowRunError } from '../../src/workflow/errors.ts';
import type { WorkflowEvent } from '../../src/workflow/events.ts';
import { type Executor, executor } from '../../src/workflow/executor.ts';
import type { ExecutorContext } from '../../src/workflow/executor-context.ts';
import type { RunWorkflowOptions, WorkflowResult } from '../../src/workflow/in-process.ts';
import type { AnyWorkflow } from '../../src/workflow/workflow.ts';

/** An executor of anything, for graphs whose types do not matter. */
export function node(
  id: string,
  handle: (message: JsonValue, ctx: ExecutorContext) => unknown = (message) => message,
): Executor<unknown, unknown> {
  return executor({ id }, handle as (message: unknown, ctx: ExecutorContext) => unknown);
}

/** An executor that gives each message as an output, with its own id. */
export function sink(id: string): Executor<unknown, unknown> {
  return node(id, (message, ctx) => ctx.yieldOutput([id, message]));
}

/** A run with its events. */
export async function watch(
  workflow: AnyWorkflow,
  input: unknown = 'in',
  options: RunWorkflowOptions = {},
): Promise<{ result: WorkflowResult<unknown>; events: WorkflowEvent[] }> {
  const events: WorkflowEvent[] = [];
  const stream = workflow.stream(input as never, options);
  for (;;) {
    const step = await stream.next();
    if (step.done) return { result: step.value, events };
    events.push(step.value);
  }
}

/** Events of one type. */
export function of<Type extends WorkflowEvent['type']>(
  events: readonly WorkflowEvent[],
  type: Type,
): Extract<WorkflowEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<WorkflowEvent, { type: Type }> => event.type === type);
}

export function warnings(events: readonly WorkflowEvent[]): string[] {
  return of(events, 'warning').map(({ code }) => code);
}

/** What is wrong with a graph. */
export function problemsOf(build: () => unknown): readonly WorkflowProblem[] {
  try {
    build();
  } catch (error) {
    assert.ok(error instanceof WorkflowBuildError, String(error));
    return error.problems;
  }
  return assert.fail('The workflow was built.');
}

export async function failureOf(run: Promise<unknown>): Promise<WorkflowRunError> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof WorkflowRunError, String(error));
    return error;
  }
  return assert.fail('The run did not fail.');
}
