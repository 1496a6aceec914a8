import { formatEntityId, parseEntityId } from '../entity-id.ts';
import { childExecution, timerTag } from '../episode.ts';
import { ReplayError } from '../errors.ts';
import {
  arrival,
  type EventBase,
  type EventSent,
  EventType,
  type HistoryEvent,
  type SchedulingEvent,
} from '../history.ts';
import type { ActivityMessage, Instance, Outgoing } from '../instance.ts';
import { entityMessage, instanceMessage } from '../messages.ts';
import type { EntityMessage } from '../scheduling.ts';
import type {
  CallActivity,
  CallEntity,
  CallSubOrchestration,
  Complete,
  ExplicitAction,
  LockEntities,
  SendEvent,
  StartTimer,
  TerminateOther,
  UnlockEntity,
} from './actions.ts';
import { asJson, isEntity } from './payload.ts';

/** What one action comes to: the event that records it, and the message that carries it out. */
export interface Scheduled {
  event: SchedulingEvent;
  outgoing: Outgoing;
}

/** @throws ReplayError if the action has no meaning here */
export function schedule(
  action: Exclude<ExplicitAction, TerminateOther | Complete>,
  instance: Instance,
  timestamp: Date,
): Scheduled {
  const base: EventBase = { EventId: action.id, IsPlayed: false, Timestamp: timestamp };
  switch (action.kind) {
    case 'activity':
      return activity(action, instance, base);
    case 'subOrchestration':
      return subOrchestration(action, instance, base);
    case 'timer':
      return timer(action, instance, base);
    case 'event':
      return isEntity(action.target) ? untypedMessage(action, instance, base) : event(action, base);
    case 'entity':
      return entityCall(action, instance, base);
    case 'lock':
      return lock(action, instance, base);
    case 'unlock':
      return unlock(action, instance, base);
  }
}

function activity({ id, name, version, input, tags }: CallActivity, instance: Instance, base: EventBase): Scheduled {
  const labels = { ...(version !== '' && { version }), ...(Object.keys(tags).length > 0 && { tags }) };
  const { instanceId, executionId } = instance;
  const body: ActivityMessage = { instanceId, executionId, taskId: id, name, input, ...labels };
  return {
    event: {
      ...base,
      EventType: EventType.TaskScheduled,
      Name: name,
      // Put together as text: parsing would round numbers that JavaScript cannot hold.
      Input: `[${input ?? ''}]`,
      ...(labels.version !== undefined && { Version: labels.version }),
      ...(labels.tags && { Tags: labels.tags }),
    },
    outgoing: { lane: 'activity', target: name, due: 0, tag: null, body: JSON.stringify(body) },
  };
}

function subOrchestration(action: CallSubOrchestration, instance: Instance, base: EventBase): Scheduled {
  const { id, name, version, input, tags } = action;
  const labels = Object.keys(tags).length > 0 && { Tags: tags };
  const { instanceId, executionId } = instance;
  const child = action.instanceId || `${executionId}:${id}`;
  const started: HistoryEvent = {
    EventType: EventType.ExecutionStarted,
    ...arrival(base.Timestamp),
    Name: name,
    Version: version,
    Input: input,
    OrchestrationInstance: { InstanceId: child, ExecutionId: childExecution(executionId, id) },
    ParentInstance: {
      Name: instance.name,
      ...(instance.version !== '' && { Version: instance.version }),
      TaskScheduleId: id,
      OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
    },
    ...labels,
  };
  return {
    event: {
      ...base,
      EventType: EventType.SubOrchestrationInstanceCreated,
      Name: name,
      ...(version !== '' && { Version: version }),
      InstanceId: child,
      Input: input,
      ...labels,
    },
    outgoing: instanceMessage(child, started, null),
  };
}

function timer({ id, fireAt }: StartTimer, { instanceId, executionId }: Instance, base: EventBase): Scheduled {
  const FireAt = new Date(fireAt).toISOString();
  const fired: HistoryEvent = { EventType: EventType.TimerFired, ...arrival(base.Timestamp), TimerId: id, FireAt };
  const message = instanceMessage(instanceId, fired, executionId);
  return {
    event: { ...base, EventType: EventType.TimerCreated, FireAt },
    outgoing: { ...message, due: fireAt, tag: timerTag(executionId, id) },
  };
}

function event({ target, name, input }: SendEvent, base: EventBase): Scheduled {
  const raised: HistoryEvent = {
    EventType: EventType.EventRaised,
    ...arrival(base.Timestamp),
    Name: name,
    Input: asJson(input),
  };
  return { event: sent(base, target, name, input ?? ''), outgoing: instanceMessage(target, raised, null) };
}

function entityCall(action: CallEntity, { instanceId, executionId }: Instance, base: EventBase): Scheduled {
  const { requestId, operation, input, signal, due } = action;
  const message: EntityMessage = { op: operation, id: requestId };
  if (input !== null) message.input = input;
  if (signal) message.signal = true;
  message.parent = instanceId;
  message.parentExecution = executionId;
  if (due > 0) message.due = new Date(due).toISOString();
  return typed(base, action.target, message.due === undefined ? 'op' : `op@${message.due}`, message, due);
}

function lock({ criticalSectionId, lockSet }: LockEntities, instance: Instance, base: EventBase): Scheduled {
  const [first] = lockSet;
  if (first === undefined) throw new ReplayError('unsupportedAction', 'A lock needs at least one entity.');
  const message: EntityMessage = {
    op: null,
    id: criticalSectionId,
    parent: instance.instanceId,
    parentExecution: instance.executionId,
    lockset: lockSet.map(parseEntityId),
    pos: 0,
  };
  return typed(base, first, 'op', message, 0);
}

function unlock({ criticalSectionId: id, target }: UnlockEntity, instance: Instance, base: EventBase): Scheduled {
  const entity = formatEntityId(parseEntityId(target));
  const parent = instance.instanceId;
  return {
    event: { ...sent(base, entity, 'release', JSON.stringify({ parent, id })), Typed: true },
    outgoing: entityMessage(entity, { release: id, parent }),
  };
}

function typed(base: EventBase, target: string, name: string, message: EntityMessage, due: number): Scheduled {
  const entity = formatEntityId(parseEntityId(target));
  return {
    event: { ...sent(base, entity, name, JSON.stringify(message)), Typed: true },
    outgoing: { ...entityMessage(entity, message), due },
  };
}

/** A worker that writes the entities' messages itself: its event stays as it is, the entity gets what it can read. */
function untypedMessage({ target, name, input }: SendEvent, instance: Instance, base: EventBase): Scheduled {
  const recorded = sent(base, target, name, input ?? '');
  const entity = formatEntityId(parseEntityId(target));
  const message = readMessage(target, input);
  if (name === 'release') {
    const { id, parent = instance.instanceId } = message;
    return { event: recorded, outgoing: entityMessage(entity, { release: id, parent }) };
  }
  message.op ??= null;
  if (message.parent !== undefined) message.parentExecution ??= instance.executionId;
  const due = name.startsWith('op@') ? Date.parse(name.slice('op@'.length)) : 0;
  if (Number.isNaN(due)) {
    throw new ReplayError(
      'unsupportedAction',
      `An event for entity '${target}' has the name '${name}'; expected op@<ISO time>.`,
    );
  }
  return { event: recorded, outgoing: { ...entityMessage(entity, message), due } };
}

function readMessage(target: string, input: string | null): EntityMessage {
  try {
    const message = JSON.parse(input ?? '') as EntityMessage | null;
    if (typeof message?.id === 'string') return message;
  } catch {
    // Refused below, like JSON that is no message.
  }
  throw new ReplayError(
    'unsupportedAction',
    `An event for entity '${target}' is no entity message: it needs JSON with an id.`,
  );
}

function sent(base: EventBase, target: string, name: string, input: string): EventSent {
  return { ...base, EventType: EventType.EventSent, InstanceId: target, Name: name, Input: input };
}
