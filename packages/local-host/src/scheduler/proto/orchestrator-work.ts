import type { Complete, ExplicitAction, ExplicitOutcome } from '../../engine/explicit/actions.ts';
import { detailsOf } from '../../engine/explicit/failure-details.ts';
import type { HistoryEvent } from '../../engine/history.ts';
import type { Instance } from '../../engine/instance.ts';
import { decode, encodeWith } from './codec.ts';
import { readEvent } from './event-reader.ts';
import { EventWriter } from './event-writer.ts';
import { fromFailure } from './failures.ts';
import type { Message } from './message-types.ts';
import { ProtoError } from './proto-error.ts';
import { OrchestrationStatus } from './schema.ts';
import { millis, unwrap, wrap } from './well-known.ts';

/**
 * An `OrchestratorRequest` for one episode.
 *
 * @param history all events; those of this episode have not been played
 */
export function orchestratorRequest(instance: Instance, history: readonly HistoryEvent[]): Uint8Array {
  const writer = new EventWriter();
  const pastEvents: Uint8Array[] = [];
  const newEvents: Uint8Array[] = [];
  for (const event of history) (event.IsPlayed ? pastEvents : newEvents).push(writer.write(event));
  const { instanceId, executionId } = instance;
  return encodeWith(
    'OrchestratorRequest',
    {
      instanceId,
      executionId: wrap(executionId),
      // Messages arrive in order here, so entities need no time to sort them.
      entityParameters: { entityMessageReorderWindow: {} },
    },
    { pastEvents, newEvents },
  );
}

/** @throws ProtoError if it is no `OrchestratorResponse`, is only part of one, or has an action that is not known */
export function orchestratorOutcome(bytes: Uint8Array): ExplicitOutcome {
  const response = decode('OrchestratorResponse', bytes);
  if (response.requiresHistory || response.isPartial) {
    throw new ProtoError('unexpectedResponse', 'The worker answered with a part of a response, or without having run.');
  }
  const customStatus = unwrap(response.customStatus);
  return {
    explicitActions: response.actions.map(readAction),
    ...(customStatus !== null && { customStatus }),
  };
}

function readAction(action: Message<'OrchestratorAction'>): ExplicitAction {
  const { id } = action;
  switch (action.actionType) {
    case 'scheduleTask': {
      const { name, version, input, tags } = action.scheduleTask!;
      return { kind: 'activity', id, name, version: unwrap(version) ?? '', input: unwrap(input), tags: { ...tags } };
    }
    case 'createSubOrchestration': {
      const { instanceId, name, version, input, tags } = action.createSubOrchestration!;
      const labels = { version: unwrap(version) ?? '', tags: { ...tags } };
      return { kind: 'subOrchestration', id, instanceId, name, input: unwrap(input), ...labels };
    }
    case 'createTimer': {
      const { fireAt } = action.createTimer!;
      return { kind: 'timer', id, fireAt: fireAt === null ? 0 : millis(fireAt) };
    }
    case 'sendEvent': {
      const { instance, name, data } = action.sendEvent!;
      return { kind: 'event', id, target: instance?.instanceId ?? '', name, input: unwrap(data) };
    }
    case 'sendEntityMessage':
      return readEntityMessage(id, action.sendEntityMessage!);
    case 'terminateOrchestration': {
      const { instanceId: target, reason, recurse } = action.terminateOrchestration!;
      return { kind: 'terminate', target, reason: unwrap(reason), recurse };
    }
    case 'completeOrchestration':
      return readCompletion(id, action.completeOrchestration!);
    default:
      throw new ProtoError('unknownAction', `The worker asked for an action that is not known here (id ${id}).`);
  }
}

function readEntityMessage(id: number, message: Message<'SendEntityMessageAction'>): ExplicitAction {
  switch (message.messageType) {
    case 'entityOperationCalled':
      return readOperation(id, message.entityOperationCalled!, false);
    case 'entityOperationSignaled':
      return readOperation(id, message.entityOperationSignaled!, true);
    case 'entityLockRequested': {
      const { criticalSectionId, lockSet } = message.entityLockRequested!;
      return { kind: 'lock', id, criticalSectionId, lockSet };
    }
    case 'entityUnlockSent': {
      const { criticalSectionId, targetInstanceId } = message.entityUnlockSent!;
      return { kind: 'unlock', id, criticalSectionId, target: unwrap(targetInstanceId) ?? '' };
    }
    default:
      throw new ProtoError('unknownAction', `The worker sent an entity message that is not known here (id ${id}).`);
  }
}

function readOperation(
  id: number,
  sent: Message<'EntityOperationCalledEvent'> | Message<'EntityOperationSignaledEvent'>,
  signal: boolean,
): ExplicitAction {
  const { requestId, operation, scheduledTime, input, targetInstanceId } = sent;
  const due = scheduledTime === null ? 0 : millis(scheduledTime);
  const target = unwrap(targetInstanceId) ?? '';
  return { kind: 'entity', id, target, requestId, operation, input: unwrap(input), signal, due };
}

function readCompletion(id: number, completion: Message<'CompleteOrchestrationAction'>): Complete {
  const status = completionStatus(completion.orchestrationStatus);
  const { failureDetails, details } = completion;
  const failure = failureDetails === null ? null : fromFailure(failureDetails);
  const text = unwrap(completion.result) ?? unwrap(details);
  return {
    kind: 'complete',
    id,
    status,
    result: unwrap(completion.result),
    failure: failure ?? (status === 'Failed' && text !== null ? detailsOf(text) : null),
    newVersion: unwrap(completion.newVersion),
    carryover: completion.carryoverEvents.map(readEvent),
  };
}

function completionStatus(value: number): Complete['status'] {
  switch (value) {
    case OrchestrationStatus.Completed:
      return 'Completed';
    case OrchestrationStatus.Failed:
      return 'Failed';
    case OrchestrationStatus.ContinuedAsNew:
      return 'ContinuedAsNew';
    case OrchestrationStatus.Terminated:
    case OrchestrationStatus.Canceled:
      return 'Terminated';
    default:
      throw new ProtoError('unknownAction', `An orchestration cannot complete with status ${value}.`);
  }
}
