import { EventType } from '../../src/engine/history.ts';
import type { InstanceMessage } from '../../src/engine/instance.ts';
import type { StoredMessage } from '../../src/store/store.ts';

/**
 * Whether a message may be stored twice: those that the engine itself sends and knows again by an id. A client's event
 * or an operation of an entity is not among them; two of those are two.
 */
export function copyable(message: StoredMessage): boolean {
  if (message.lane === 'activity') return true;
  if (message.lane === 'entity') return false;
  const { executionId, event } = JSON.parse(message.body) as InstanceMessage;
  switch (event.EventType) {
    case EventType.TaskCompleted:
    case EventType.TaskFailed:
    case EventType.TimerFired:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.SubOrchestrationInstanceFailed:
      return true;
    case EventType.EventRaised:
      return executionId !== null;
    case EventType.ExecutionStarted:
      return event.ParentInstance !== undefined;
    default:
      return false;
  }
}
