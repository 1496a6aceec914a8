import type { HistoryEvent } from '../../src/engine/history.ts';
import { EventType } from '../../src/engine/history.ts';
import type { Commit } from '../../src/store/store.ts';

const kinds = new Map(Object.entries(EventType).map(([name, type]): [number, string] => [type, name]));

/** A step in one line, for traces. */
export function summary(commit: Commit): string {
  const { consume = [], instance, history, entity, outgoing = [], withdraw = [], attempted, marks, purge } = commit;
  const parts = [`takes ${consume.join(',') || 'nothing'}`];
  if (instance) parts.push(`${instance.instanceId} (${instance.executionId}) is ${instance.status} ${instance.output}`);
  if (history) {
    const events = history.events.map((text) => event(JSON.parse(text) as HistoryEvent));
    parts.push(`history ${history.replace ? 'anew' : `from ${history.from}`}: ${events.join(', ')}`);
  }
  if (entity) parts.push(`${entity.id} is ${entity.state}, lock ${entity.lock?.id}`);
  for (const { lane, target, due, body } of outgoing) {
    const short = lane === 'orchestration' ? event((JSON.parse(body) as { event: HistoryEvent }).event) : body;
    parts.push(`to ${target}${due > 0 ? ` at ${new Date(due).toISOString()}` : ''}: ${short}`);
  }
  if (withdraw.length > 0) parts.push(`withdraws ${withdraw.map(({ tag }) => tag).join(', ')}`);
  if (attempted) parts.push(`tries ${attempted.join(',')}`);
  if (marks) parts.push(JSON.stringify(marks));
  if (purge) parts.push(`purges ${purge.join(', ')}`);
  return parts.join('; ');
}

function event(value: HistoryEvent): string {
  const kind = kinds.get(value.EventType) ?? `event ${value.EventType}`;
  switch (value.EventType) {
    case EventType.ExecutionStarted:
      return `${kind} ${value.OrchestrationInstance.ExecutionId} ${value.Input}`;
    case EventType.TaskCompleted:
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.SubOrchestrationInstanceFailed:
      return `${kind} ${value.TaskScheduledId}`;
    case EventType.TimerFired:
      return `${kind} ${value.TimerId}`;
    case EventType.EventRaised:
      return `${kind} ${value.Name} ${value.Input}`;
    case EventType.EventSent:
      return `${kind} ${value.EventId} to ${value.InstanceId} ${value.Input}`;
    default:
      return value.EventId >= 0 ? `${kind} ${value.EventId}` : kind;
  }
}
