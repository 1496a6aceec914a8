import type { Entity } from '../engine/entity.ts';
import { parseEntityId } from '../engine/entity-id.ts';
import {
  EventType,
  type HistoryEvent,
  type SubOrchestrationInstanceCreated,
  type TaskScheduled,
} from '../engine/history.ts';
import type { Instance } from '../engine/instance.ts';

/** The status body of the Durable extension. `input` and `output` are always present. */
export function statusView(instance: Instance, options: { showInput: boolean }): Record<string, unknown> {
  return {
    name: instance.name,
    instanceId: instance.instanceId,
    runtimeStatus: instance.status,
    input: options.showInput ? parse(instance.input) : null,
    customStatus: parse(instance.customStatus),
    output: parse(instance.output),
    createdTime: seconds(instance.createdAt),
    lastUpdatedTime: seconds(instance.updatedAt),
  };
}

export function parse(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

function seconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** One row of the list of entities. */
export function entityView(entity: Entity, fetchState: boolean): Record<string, unknown> {
  return {
    entityId: parseEntityId(entity.id),
    lastOperationTime: new Date(entity.lastOperationAt).toISOString(),
    ...(fetchState && { state: parse(entity.state) }),
  };
}

const names: ReadonlyMap<number, string> = new Map(Object.entries(EventType).map(([name, type]) => [type, name]));

/** History as the status query shows it: what was scheduled is folded into what came of it; what is open stays. */
export function historyView(events: readonly HistoryEvent[], showOutput: boolean): Record<string, unknown>[] {
  const scheduled = new Map(events.filter(isTask).map((event) => [event.EventId, event]));
  const answered = new Set(events.map((event) => ('TaskScheduledId' in event ? event.TaskScheduledId : undefined)));
  const view: Record<string, unknown>[] = [];
  for (const event of events) {
    if (event.EventType === EventType.OrchestratorStarted || event.EventType === EventType.OrchestratorCompleted)
      continue;
    if (isTask(event) && answered.has(event.EventId)) continue;
    view.push({
      EventType: names.get(event.EventType),
      Timestamp: event.Timestamp,
      ...details(event, scheduled, showOutput),
    });
  }
  return view;
}

type Task = TaskScheduled | SubOrchestrationInstanceCreated;

function isTask(event: HistoryEvent): event is Task {
  return event.EventType === EventType.TaskScheduled || event.EventType === EventType.SubOrchestrationInstanceCreated;
}

function details(event: HistoryEvent, scheduled: Map<number, Task>, showOutput: boolean): Record<string, unknown> {
  switch (event.EventType) {
    case EventType.TaskScheduled:
      return { FunctionName: event.Name };
    case EventType.SubOrchestrationInstanceCreated:
      return { FunctionName: event.Name, InstanceId: event.InstanceId };
    case EventType.TaskCompleted:
    case EventType.SubOrchestrationInstanceCompleted:
      return {
        ...origin(scheduled.get(event.TaskScheduledId)),
        ...(showOutput && { Result: parse(event.Result || null) }),
      };
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceFailed:
      return { ...origin(scheduled.get(event.TaskScheduledId)), Reason: event.Reason, Details: event.Details };
    case EventType.TimerCreated:
    case EventType.TimerFired:
      return { FireAt: event.FireAt };
    case EventType.ExecutionStarted:
      return { FunctionName: event.Name };
    case EventType.ExecutionCompleted:
      return { OrchestrationStatus: event.OrchestrationStatus, ...(showOutput && { Result: parse(event.Result) }) };
    case EventType.EventRaised:
      return { Name: event.Name };
    case EventType.EventSent:
      return { Name: event.Name, InstanceId: event.InstanceId };
    case EventType.ExecutionSuspended:
    case EventType.ExecutionResumed:
      return { Reason: event.Reason };
    default:
      return {};
  }
}

function origin(task: Task | undefined): Record<string, unknown> {
  return task === undefined ? {} : { FunctionName: task.Name, ScheduledTime: task.Timestamp };
}
