import { EventType, type HistoryEvent } from '../engine/history.ts';
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

export function seconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

const names: ReadonlyMap<number, string> = new Map(Object.entries(EventType).map(([name, type]) => [type, name]));

/** History as the status query shows it: what was scheduled is folded into what came of it. */
export function historyView(events: readonly HistoryEvent[], showOutput: boolean): Record<string, unknown>[] {
  const scheduled = new Map<number, HistoryEvent>();
  const view: Record<string, unknown>[] = [];
  for (const event of events) {
    const entry: Record<string, unknown> = { EventType: names.get(event.EventType), Timestamp: event.Timestamp };
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
      case EventType.OrchestratorCompleted:
        continue;
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
      case EventType.TimerCreated:
        scheduled.set(event.EventId, event);
        continue;
      case EventType.TaskCompleted:
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceCompleted:
      case EventType.SubOrchestrationInstanceFailed: {
        const start = scheduled.get(event.TaskScheduledId);
        scheduled.delete(event.TaskScheduledId);
        if (start !== undefined && 'Name' in start) {
          entry.FunctionName = start.Name;
          entry.ScheduledTime = start.Timestamp;
        }
        if ('Reason' in event) entry.Reason = event.Reason;
        else if (showOutput) entry.Result = JSON.parse(event.Result);
        break;
      }
      case EventType.TimerFired:
        scheduled.delete(event.TimerId);
        entry.FireAt = event.FireAt;
        break;
      case EventType.ExecutionStarted:
        entry.FunctionName = event.Name;
        break;
      case EventType.ExecutionCompleted:
        entry.OrchestrationStatus = event.OrchestrationStatus;
        if (showOutput) entry.Result = parse(event.Result);
        break;
      case EventType.EventRaised:
        entry.Name = event.Name;
        if (showOutput) entry.Input = parse(event.Input);
        break;
      case EventType.EventSent:
        entry.Name = event.Name;
        entry.InstanceId = event.InstanceId;
        break;
      default:
        break;
    }
    view.push(entry);
  }
  for (const open of scheduled.values()) {
    const entry: Record<string, unknown> = { EventType: names.get(open.EventType), Timestamp: open.Timestamp };
    if ('Name' in open) entry.FunctionName = open.Name;
    if ('FireAt' in open) entry.FireAt = open.FireAt;
    view.push(entry);
  }
  return view;
}
