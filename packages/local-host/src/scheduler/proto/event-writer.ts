import { formatEntityId } from '../../engine/entity-id.ts';
import { detailsOf, type FailureDetails } from '../../engine/explicit/failure-details.ts';
import { isEntity } from '../../engine/explicit/payload.ts';
import {
  type EventRaised,
  type EventSent,
  EventType,
  type ExecutionStarted,
  type HistoryEvent,
} from '../../engine/history.ts';
import { type EntityMessage, sentHeader } from '../../engine/scheduling.ts';
import { encode } from './codec.ts';
import { toFailure } from './failures.ts';
import type { Draft } from './message-types.ts';
import { toStatus } from './statuses.ts';
import { timestamp, wrap } from './well-known.ts';

// Histories only grow, and each episode sends all of it: an event is encoded once for as long as it is in memory.
const encoded = new WeakMap<HistoryEvent, Uint8Array>();

/**
 * Writes the events of one history, in their order. The order matters for entities: whether an answer is a typed event
 * depends on how it was asked for.
 */
export class EventWriter {
  /** Entity requests that wait for their answer, by id. */
  readonly #asked = new Map<string, 'call' | 'lock' | 'untypedLock'>();

  write(event: HistoryEvent): Uint8Array {
    let bytes = encoded.get(event);
    if (bytes === undefined) {
      bytes = encode('HistoryEvent', this.draft(event));
      encoded.set(event, bytes);
    } else if (event.EventType === EventType.EventSent) {
      this.#noteRequest(event);
    }
    return bytes;
  }

  draft(event: HistoryEvent): Draft<'HistoryEvent'> {
    return { eventId: event.EventId, timestamp: timestamp(event.Timestamp.getTime()), ...this.#kind(event) };
  }

  #kind(event: HistoryEvent): Draft<'HistoryEvent'> {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        return { orchestratorStarted: {} };
      case EventType.OrchestratorCompleted:
        return { orchestratorCompleted: {} };
      case EventType.ExecutionStarted:
        return { executionStarted: started(event) };
      case EventType.ExecutionCompleted: {
        const failed = event.OrchestrationStatus === 'Failed';
        const failureDetails = failed ? failure(event.FailureDetails, textOf(event.Result)) : undefined;
        const result = failed ? undefined : wrap(event.Result);
        return {
          executionCompleted: { orchestrationStatus: toStatus(event.OrchestrationStatus), result, failureDetails },
        };
      }
      case EventType.ExecutionTerminated:
        return { executionTerminated: { input: wrap(event.Input), recurse: event.Recurse } };
      case EventType.ExecutionSuspended:
        return { executionSuspended: { input: wrap(event.Reason) } };
      case EventType.ExecutionResumed:
        return { executionResumed: { input: wrap(event.Reason) } };
      case EventType.ExecutionRewound:
        return { executionRewound: { reason: wrap(event.Reason) } };
      case EventType.TaskScheduled: {
        const { Name: name, Version, Tags: tags } = event;
        return { taskScheduled: { name, version: wrap(Version), input: wrap(event.Input.slice(1, -1) || null), tags } };
      }
      case EventType.TaskCompleted:
        return { taskCompleted: { taskScheduledId: event.TaskScheduledId, result: wrap(event.Result || null) } };
      case EventType.TaskFailed:
        return {
          taskFailed: {
            taskScheduledId: event.TaskScheduledId,
            failureDetails: failure(event.FailureDetails, event.Reason),
          },
        };
      case EventType.SubOrchestrationInstanceCreated: {
        const { InstanceId: instanceId, Name: name, Version, Input, Tags: tags } = event;
        const created = { instanceId, name, version: wrap(Version), input: wrap(Input), tags };
        return { subOrchestrationInstanceCreated: created };
      }
      case EventType.SubOrchestrationInstanceCompleted: {
        const completed = { taskScheduledId: event.TaskScheduledId, result: wrap(event.Result || null) };
        return { subOrchestrationInstanceCompleted: completed };
      }
      case EventType.SubOrchestrationInstanceFailed: {
        const failureDetails = failure(event.FailureDetails, event.Reason);
        return { subOrchestrationInstanceFailed: { taskScheduledId: event.TaskScheduledId, failureDetails } };
      }
      case EventType.TimerCreated:
        return { timerCreated: { fireAt: timestamp(Date.parse(event.FireAt)) } };
      case EventType.TimerFired:
        return { timerFired: { fireAt: timestamp(Date.parse(event.FireAt)), timerId: event.TimerId } };
      case EventType.EventSent:
        return this.#sent(event);
      case EventType.EventRaised:
        return this.#raised(event);
    }
  }

  #sent(event: EventSent): Draft<'HistoryEvent'> {
    this.#noteRequest(event);
    const { InstanceId, Name, Input } = event;
    if (!event.Typed) return { eventSent: { instanceId: InstanceId, name: Name, input: wrap(Input || null) } };
    const targetInstanceId = wrap(InstanceId);
    const message = JSON.parse(Input) as EntityMessage;
    const parentInstanceId = wrap(message.parent);
    if (Name === 'release') {
      return { entityUnlockSent: { criticalSectionId: message.id, parentInstanceId, targetInstanceId } };
    }
    if (message.op === null) {
      const lockSet = (message.lockset ?? []).map(formatEntityId);
      const position = message.pos ?? 0;
      return { entityLockRequested: { criticalSectionId: message.id, lockSet, position, parentInstanceId } };
    }
    const operation = {
      requestId: message.id,
      operation: message.op,
      scheduledTime: message.due === undefined ? undefined : timestamp(Date.parse(message.due)),
      input: wrap(message.input),
      targetInstanceId,
    };
    if (message.signal) return { entityOperationSignaled: operation };
    const parentExecutionId = wrap(message.parentExecution);
    return { entityOperationCalled: { ...operation, parentInstanceId, parentExecutionId } };
  }

  #noteRequest(event: EventSent): void {
    if (event.Name === 'release' || !isEntity(event.InstanceId)) return;
    const { op, id } = sentHeader(event);
    if (op !== null && op !== undefined) {
      if (event.Typed) this.#asked.set(id, 'call');
    } else this.#asked.set(id, event.Typed ? 'lock' : 'untypedLock');
  }

  #raised({ Name, Input }: EventRaised): Draft<'HistoryEvent'> {
    const asked = this.#asked.get(Name);
    switch (asked) {
      case 'lock':
        return { entityLockGranted: { criticalSectionId: Name } };
      case 'untypedLock':
        return { eventRaised: { name: Name, input: wrap(untypedLockGranted) } };
      case 'call':
        return answer(Name, Input ?? '{}');
      default:
        return { eventRaised: { name: Name, input: wrap(Input) } };
    }
  }
}

/** What workers without typed entity messages expect for a lock. */
const untypedLockGranted = '{"result":"Lock Acquisition Completed"}';

function started(event: ExecutionStarted): Draft<'ExecutionStartedEvent'> {
  const { Name: name, Input, Tags: tags, ParentInstance: parent, ScheduledStartTime: startTime } = event;
  const { InstanceId: instanceId, ExecutionId } = event.OrchestrationInstance;
  return {
    name,
    version: wrap(event.Version || null),
    input: wrap(Input),
    orchestrationInstance: { instanceId, executionId: wrap(ExecutionId) },
    parentInstance: parent && {
      taskScheduledId: parent.TaskScheduleId,
      name: wrap(parent.Name),
      version: wrap(parent.Version),
      orchestrationInstance: {
        instanceId: parent.OrchestrationInstance.InstanceId,
        executionId: wrap(parent.OrchestrationInstance.ExecutionId),
      },
    },
    scheduledStartTimestamp: startTime === undefined ? undefined : timestamp(Date.parse(startTime)),
    tags,
  };
}

interface EntityAnswer {
  result?: string | null;
  exceptionType?: string;
  failureDetails?: FailureDetails;
}

function answer(requestId: string, input: string): Draft<'HistoryEvent'> {
  const { result, exceptionType, failureDetails } = JSON.parse(input) as EntityAnswer;
  if (exceptionType === undefined && !failureDetails) {
    return { entityOperationCompleted: { requestId, output: wrap(result) } };
  }
  const known = failure(failureDetails, textOf(result ?? null) || (exceptionType ?? ''));
  return { entityOperationFailed: { requestId, failureDetails: known } };
}

function failure(details: FailureDetails | undefined, reason: string): Draft<'TaskFailureDetails'> {
  return toFailure(details ?? detailsOf(reason));
}

/** A text that is stored as JSON, or as it is by workers with a converter of their own. */
function textOf(stored: string | null): string {
  if (stored === null) return '';
  try {
    const value: unknown = JSON.parse(stored);
    if (typeof value === 'string') return value;
  } catch {
    // Not JSON, so it is the text itself.
  }
  return stored;
}
