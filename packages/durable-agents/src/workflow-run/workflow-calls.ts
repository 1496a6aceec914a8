import type { DurableTask, OrchestrationCalls } from '../durable/orchestration-calls.ts';
import type { JsonObject } from '../json.ts';

/** What a workflow needs of the orchestration that it runs as. Everything here gives the same again on a replay. */
export interface WorkflowCalls<Task extends DurableTask> extends OrchestrationCalls<Task> {
  /** Time of the present step, epoch ms. */
  now(): number;
  callActivity(name: string, input: JsonObject): Task;
  callChild(name: string, instanceId: string, input: JsonObject): Task;
  waitForEvent(name: string): Task;
  /** @param at epoch ms */
  timer(at: number): Task & { cancel(): void };
  all(tasks: Task[]): Task;
  any(tasks: Task[]): Task;
  setCustomStatus(status: JsonObject): void;
  /** The orchestration begins again with this input. It must return after that. */
  continueAsNew(input: JsonObject): void;
}

/**
 * Starts all tasks at the same time and waits until each has ended, well or not. A task that has failed ends the wait
 * for all of them, so the others are then waited for one by one: none is part of a second compound.
 */
export function* settleAll<Task extends DurableTask>(
  calls: Pick<WorkflowCalls<Task>, 'all'>,
  tasks: Task[],
): Generator<Task, void, unknown> {
  if (tasks.length === 0) return;
  try {
    yield calls.all(tasks);
  } catch {
    // Which task failed, and how, is read from the tasks.
  }
  for (const task of tasks) {
    if (task.isCompleted) continue;
    try {
      yield task;
    } catch {
      // As above.
    }
  }
}
