import { type EntityId, parseEntityId } from '../../engine/entity-id.ts';
import { detailsOf, type FailureDetails, reasonOf } from '../../engine/explicit/failure-details.ts';
import { type EventSent, EventType, type ExecutionStarted, type HistoryEvent } from '../../engine/history.ts';
import { fromFailure } from './failures.ts';
import type { Message } from './message-types.ts';
import { ProtoError } from './proto-error.ts';
import { fromStatus } from './statuses.ts';
import { millis, unwrap } from './well-known.ts';

/**
 * One of the other side's events as the engine keeps it. Without a timestamp it gets 1970.
 *
 * @throws ProtoError `unknownEvent` for a kind that no history of this engine has
 */
export function readEvent(event: Message<'HistoryEvent'>): HistoryEvent {
  const Timestamp = new Date(event.timestamp === null ? 0 : millis(event.timestamp));
  return { EventId: event.eventId, IsPlayed: false, Timestamp, ...kind(event) } as HistoryEvent;
}

type Kind<T = HistoryEvent> = T extends HistoryEvent ? Omit<T, 'EventId' | 'IsPlayed' | 'Timestamp'> : never;

function kind(event: Message<'HistoryEvent'>): Kind {
  switch (event.eventType) {
    case 'orchestratorStarted':
      return { EventType: EventType.OrchestratorStarted };
    case 'orchestratorCompleted':
      return { EventType: EventType.OrchestratorCompleted };
    case 'executionStarted':
      return started(event.executionStarted!);
    case 'executionCompleted': {
      const { orchestrationStatus, result, failureDetails } = event.executionCompleted!;
      const details = failureDetails && fromFailure(failureDetails);
      return {
        EventType: EventType.ExecutionCompleted,
        OrchestrationStatus: fromStatus(orchestrationStatus),
        Result: details === null ? unwrap(result) : JSON.stringify(reasonOf(details)),
        ...(details !== null && { FailureDetails: details }),
      };
    }
    case 'executionTerminated': {
      const { input, recurse } = event.executionTerminated!;
      return { EventType: EventType.ExecutionTerminated, Input: unwrap(input), ...(recurse && { Recurse: true }) };
    }
    case 'executionSuspended':
      return { EventType: EventType.ExecutionSuspended, Reason: unwrap(event.executionSuspended!.input) };
    case 'executionResumed':
      return { EventType: EventType.ExecutionResumed, Reason: unwrap(event.executionResumed!.input) };
    case 'executionRewound':
      return { EventType: EventType.ExecutionRewound, Reason: unwrap(event.executionRewound!.reason) };
    case 'taskScheduled': {
      const { name, version, input, tags } = event.taskScheduled!;
      return {
        EventType: EventType.TaskScheduled,
        Name: name,
        Input: `[${unwrap(input) ?? ''}]`,
        ...labels(version, tags),
      };
    }
    case 'taskCompleted': {
      const { taskScheduledId, result } = event.taskCompleted!;
      return { EventType: EventType.TaskCompleted, TaskScheduledId: taskScheduledId, Result: unwrap(result) ?? '' };
    }
    case 'taskFailed': {
      const { taskScheduledId, failureDetails } = event.taskFailed!;
      return { EventType: EventType.TaskFailed, TaskScheduledId: taskScheduledId, ...failed(failureDetails) };
    }
    case 'subOrchestrationInstanceCreated': {
      const { instanceId, name, version, input, tags } = event.subOrchestrationInstanceCreated!;
      return {
        EventType: EventType.SubOrchestrationInstanceCreated,
        Name: name,
        InstanceId: instanceId,
        Input: unwrap(input),
        ...labels(version, tags),
      };
    }
    case 'subOrchestrationInstanceCompleted': {
      const { taskScheduledId, result } = event.subOrchestrationInstanceCompleted!;
      const Result = unwrap(result) ?? '';
      return { EventType: EventType.SubOrchestrationInstanceCompleted, TaskScheduledId: taskScheduledId, Result };
    }
    case 'subOrchestrationInstanceFailed': {
      const { taskScheduledId: TaskScheduledId, failureDetails } = event.subOrchestrationInstanceFailed!;
      return { EventType: EventType.SubOrchestrationInstanceFailed, TaskScheduledId, ...failed(failureDetails) };
    }
    case 'timerCreated':
      return { EventType: EventType.TimerCreated, FireAt: isoTime(event.timerCreated!.fireAt) };
    case 'timerFired': {
      const { timerId, fireAt } = event.timerFired!;
      return { EventType: EventType.TimerFired, TimerId: timerId, FireAt: isoTime(fireAt) };
    }
    case 'eventSent': {
      const { instanceId, name, input } = event.eventSent!;
      return { EventType: EventType.EventSent, InstanceId: instanceId, Name: name, Input: unwrap(input) ?? '' };
    }
    case 'eventRaised':
      return raised(event.eventRaised!.name, unwrap(event.eventRaised!.input));
    default:
      return entityKind(event);
  }
}

function entityKind(event: Message<'HistoryEvent'>): Kind {
  switch (event.eventType) {
    case 'entityOperationCalled': {
      const called = event.entityOperationCalled!;
      const parent = unwrap(called.parentInstanceId);
      const parentExecution = unwrap(called.parentExecutionId);
      return operation(called, {
        ...(parent !== null && { parent }),
        ...(parentExecution !== null && { parentExecution }),
      });
    }
    case 'entityOperationSignaled':
      return operation(event.entityOperationSignaled!, { signal: true });
    case 'entityLockRequested': {
      const { criticalSectionId: id, lockSet, position: pos, parentInstanceId } = event.entityLockRequested!;
      const lockset: EntityId[] = lockSet.map(parseEntityId);
      const target = lockSet[pos] ?? '';
      return typedMessage(target, 'op', { op: null, id, parent: unwrap(parentInstanceId) ?? '', lockset, pos });
    }
    case 'entityUnlockSent': {
      const { criticalSectionId: id, parentInstanceId, targetInstanceId } = event.entityUnlockSent!;
      const message = { parent: unwrap(parentInstanceId) ?? '', id };
      return typedMessage(unwrap(targetInstanceId) ?? '', 'release', message);
    }
    case 'entityLockGranted':
      return raised(event.entityLockGranted!.criticalSectionId, '{}');
    case 'entityOperationCompleted': {
      const { requestId, output } = event.entityOperationCompleted!;
      return raised(requestId, JSON.stringify({ result: unwrap(output) }));
    }
    case 'entityOperationFailed': {
      const { requestId, failureDetails } = event.entityOperationFailed!;
      const details = failureDetails === null ? detailsOf('The entity operation failed.') : fromFailure(failureDetails);
      const result = JSON.stringify(details.ErrorMessage);
      const exceptionType = details.ErrorMessage || details.ErrorType;
      return raised(requestId, JSON.stringify({ result, exceptionType, failureDetails: details }));
    }
    default:
      throw new ProtoError('unknownEvent', `A history event of kind ${event.eventType ?? 'none'} cannot be kept here.`);
  }
}

function operation(
  sent: Message<'EntityOperationSignaledEvent'> | Message<'EntityOperationCalledEvent'>,
  from: { signal: true } | { parent?: string; parentExecution?: string },
): Kind<EventSent> {
  const input = unwrap(sent.input);
  const due = sent.scheduledTime === null ? undefined : isoTime(sent.scheduledTime);
  const message = {
    op: sent.operation,
    id: sent.requestId,
    ...(input !== null && { input }),
    ...from,
    ...(due !== undefined && { due }),
  };
  return typedMessage(unwrap(sent.targetInstanceId) ?? '', due === undefined ? 'op' : `op@${due}`, message);
}

function typedMessage(target: string, name: string, message: object): Kind<EventSent> {
  return {
    EventType: EventType.EventSent,
    InstanceId: target,
    Name: name,
    Input: JSON.stringify(message),
    Typed: true,
  };
}

function raised(name: string, input: string | null): Kind {
  return { EventType: EventType.EventRaised, Name: name, Input: input };
}

function started(event: Message<'ExecutionStartedEvent'>): Kind<ExecutionStarted> {
  const { parentInstance: parent, scheduledStartTimestamp, tags } = event;
  const parentVersion = parent && unwrap(parent.version);
  return {
    EventType: EventType.ExecutionStarted,
    Name: event.name,
    Version: unwrap(event.version) ?? '',
    Input: unwrap(event.input),
    OrchestrationInstance: reference(event.orchestrationInstance),
    ...(parent !== null && {
      ParentInstance: {
        Name: unwrap(parent.name) ?? '',
        ...(parentVersion !== null && { Version: parentVersion }),
        TaskScheduleId: parent.taskScheduledId,
        OrchestrationInstance: reference(parent.orchestrationInstance),
      },
    }),
    ...(Object.keys(tags).length > 0 && { Tags: { ...tags } }),
    ...(scheduledStartTimestamp !== null && { ScheduledStartTime: isoTime(scheduledStartTimestamp) }),
  };
}

function reference(instance: Message<'OrchestrationInstance'> | null): { InstanceId: string; ExecutionId: string } {
  return { InstanceId: instance?.instanceId ?? '', ExecutionId: unwrap(instance?.executionId ?? null) ?? '' };
}

function labels(
  version: Message<'StringValue'> | null,
  tags: Readonly<Record<string, string>>,
): { Version?: string; Tags?: Readonly<Record<string, string>> } {
  return {
    ...(version !== null && { Version: version.value }),
    ...(Object.keys(tags).length > 0 && { Tags: { ...tags } }),
  };
}

function failed(failure: Message<'TaskFailureDetails'> | null): {
  Reason: string;
  Details: string;
  FailureDetails?: FailureDetails;
} {
  if (failure === null) return { Reason: 'The task failed.', Details: '' };
  const details = fromFailure(failure);
  return { Reason: reasonOf(details), Details: '', FailureDetails: details };
}

function isoTime(time: Message<'Timestamp'> | null): string {
  return new Date(time === null ? 0 : millis(time)).toISOString();
}
