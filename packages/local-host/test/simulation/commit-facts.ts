import { EventType, type HistoryEvent, isSchedulingEvent } from '../../src/engine/history.ts';
import type { Instance } from '../../src/engine/instance.ts';
import type { Commit } from '../../src/store/store.ts';
import type { Row } from './disk.ts';

/** The run of an id at some moment. */
export type Run = Pick<Instance, 'executionId' | 'status'>;

/** Whether a step ends an execution to go on with a new one. */
export function continuesAsNew({ instance, history, outgoing = [] }: Commit): boolean {
  if (instance === undefined || instance.status === 'Pending' || !history?.replace || history.events.length > 0)
    return false;
  const { instanceId, executionId } = instance;
  return outgoing.some(
    ({ target, body }) => target === instanceId && body.startsWith(`{"executionId":"${executionId}"`),
  );
}

/** Whether a message starts an instance in the place of one that still runs. */
export function isOverride(body: string): boolean {
  return body.includes('"override":true,"event"');
}

/** Whether this execution is the current one. */
export function known(instance: Run | undefined, executionId: string): boolean {
  return instance?.executionId === executionId;
}

/** Whether the history event came to the instance, and was not made by its own step. */
export function isArrival(text: string): boolean {
  const event = JSON.parse(text) as HistoryEvent;
  if (isSchedulingEvent(event)) return false;
  switch (event.EventType) {
    case EventType.OrchestratorStarted:
    case EventType.OrchestratorCompleted:
    case EventType.ExecutionCompleted:
      return false;
    default:
      return true;
  }
}

/** The execution that these messages start; empty if none. */
export function startedBy(rows: readonly Row[]): string {
  for (const { lane, body } of rows) {
    if (lane !== 'orchestration') continue;
    const { event } = JSON.parse(body) as { event: HistoryEvent };
    if (event.EventType === EventType.ExecutionStarted) return event.OrchestrationInstance.ExecutionId;
  }
  return '';
}
