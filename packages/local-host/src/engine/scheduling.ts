import { randomUUID } from 'node:crypto';
import {
  type Action,
  ActionType,
  type CallEntityAction,
  type LockEntitiesAction,
  type ScheduledSignalEntityAction,
  type SignalEntityAction,
} from './actions.ts';
import { type EntityId, formatEntityId } from './entity-id.ts';
import { type EventSent, EventType, type HistoryEvent, type SchedulingEvent } from './history.ts';
import { httpActivityName } from './http-call.ts';

/** A message to an entity, as it stands in `EventSent.Input` and in the entity's queue. */
export interface EntityMessage {
  /** Name of the operation; null asks for a lock. */
  op: string | null;
  id: string;
  /** JSON text. */
  input?: string;
  signal?: true;
  /** Instance that waits for the answer. */
  parent?: string;
  parentExecution?: string;
  /** Only for locks: the entities to lock one after the other, and which of them this message is for. */
  lockset?: EntityId[];
  pos?: number;
  /** ISO time before which a signal is not delivered. */
  due?: string;
}

/** Gives an entity free again. */
export interface ReleaseMessage {
  release: string;
  parent: string;
}

/** Makes the scheduling events of one episode. */
export class EventFactory {
  readonly #instanceId: string;
  readonly #executionId: string;
  readonly #timestamp: Date;
  readonly #defaultVersion: string;

  /** @param defaultVersion version of sub-orchestrations whose call names none */
  constructor(instanceId: string, executionId: string, timestamp: Date, defaultVersion = '') {
    this.#instanceId = instanceId;
    this.#executionId = executionId;
    this.#timestamp = timestamp;
    this.#defaultVersion = defaultVersion;
  }

  /** An activity or sub-orchestration, with or without retry. */
  call(id: number, action: Action): SchedulingEvent {
    const base = { EventId: id, IsPlayed: false, Timestamp: this.#timestamp };
    if (action.actionType === ActionType.CallActivity || action.actionType === ActionType.CallActivityWithRetry) {
      const input = action.input === undefined ? '[]' : JSON.stringify([action.input]);
      return { ...base, EventType: EventType.TaskScheduled, Name: action.functionName, Input: input };
    }
    if (action.actionType === ActionType.CallHttp) {
      const input = JSON.stringify([action.httpRequest]);
      return { ...base, EventType: EventType.TaskScheduled, Name: httpActivityName, Input: input };
    }
    if (
      action.actionType === ActionType.CallSubOrchestrator ||
      action.actionType === ActionType.CallSubOrchestratorWithRetry
    ) {
      return {
        ...base,
        EventType: EventType.SubOrchestrationInstanceCreated,
        Name: action.functionName,
        Version: action.version || this.#defaultVersion,
        InstanceId: action.instanceId || `${this.#executionId}:${id}`,
        Input: action.input === undefined ? null : JSON.stringify(action.input),
      };
    }
    throw new TypeError(`Not a call: action type ${action.actionType}`);
  }

  timer(id: number, fireAt: number): SchedulingEvent {
    return {
      EventType: EventType.TimerCreated,
      EventId: id,
      IsPlayed: false,
      Timestamp: this.#timestamp,
      FireAt: new Date(fireAt).toISOString(),
    };
  }

  lock(id: number, action: LockEntitiesAction): SchedulingEvent {
    const message: EntityMessage = {
      op: null,
      id: action.lockRequestId,
      parent: this.#instanceId,
      parentExecution: this.#executionId,
      lockset: action.lockSet,
      pos: 0,
    };
    return this.#sent(id, formatEntityId(action.lockSet[0]!), 'op', message);
  }

  release(id: number, entity: EntityId, lockRequestId: string): SchedulingEvent {
    return this.#sent(id, formatEntityId(entity), 'release', { parent: this.#instanceId, id: lockRequestId });
  }

  entity(
    id: number,
    action: CallEntityAction | SignalEntityAction | ScheduledSignalEntityAction,
    signal: boolean,
  ): SchedulingEvent {
    const message: EntityMessage = { op: action.operation, id: randomUUID() };
    if (action.input !== undefined) message.input = JSON.stringify(action.input);
    if (signal) message.signal = true;
    message.parent = this.#instanceId;
    message.parentExecution = this.#executionId;
    if (action.actionType !== ActionType.ScheduledSignalEntity) return this.#sent(id, action.instanceId, 'op', message);
    message.due = new Date(action.fireAt).toISOString();
    return this.#sent(id, action.instanceId, `op@${message.due}`, message);
  }

  #sent(id: number, target: string, name: string, message: object): SchedulingEvent {
    return {
      EventType: EventType.EventSent,
      EventId: id,
      IsPlayed: false,
      Timestamp: this.#timestamp,
      InstanceId: target,
      Name: name,
      Input: JSON.stringify(message),
    };
  }
}

interface SentHeader {
  op: string | null;
  id: string;
}

const headers = new WeakMap<EventSent, SentHeader>();

/** Operation and id of a message that was sent to an entity. Read once an event: each replay asks again. */
export function sentHeader(event: EventSent): SentHeader {
  let header = headers.get(event);
  if (header === undefined) {
    const { op, id } = JSON.parse(event.Input) as SentHeader;
    header = { op, id };
    headers.set(event, header);
  }
  return header;
}

export const timerLabel = 'a timer';
const httpLabel = 'callHttp';

export function releaseLabel(entity: EntityId): string {
  return `the release of entity '${formatEntityId(entity)}'`;
}

function sentLabel(event: EventSent): string {
  const { Name, InstanceId } = event;
  if (!InstanceId.startsWith('@')) return `event '${Name}' for orchestration '${InstanceId}'`;
  if (Name === 'release') return `the release of entity '${InstanceId}'`;
  const { op } = sentHeader(event);
  return op === null ? `a lock of entity '${InstanceId}'` : `operation '${op}' of entity '${InstanceId}'`;
}

/** What a step is, for comparing a replay with the history and for messages. Equal labels mean the same step. */
export function schedulingLabel(step: HistoryEvent | Action): string {
  if ('EventType' in step) {
    switch (step.EventType) {
      case EventType.TaskScheduled:
        return step.Name === httpActivityName ? httpLabel : `activity '${step.Name}'`;
      case EventType.SubOrchestrationInstanceCreated:
        return `sub-orchestration '${step.Name}'`;
      case EventType.TimerCreated:
        return timerLabel;
      case EventType.EventSent:
        return sentLabel(step);
      default:
        return `event ${step.EventType}`;
    }
  }
  switch (step.actionType) {
    case ActionType.CallActivity:
    case ActionType.CallActivityWithRetry:
      return `activity '${step.functionName}'`;
    case ActionType.CallSubOrchestrator:
    case ActionType.CallSubOrchestratorWithRetry:
      return `sub-orchestration '${step.functionName}'`;
    case ActionType.ContinueAsNew:
      return 'continueAsNew';
    case ActionType.CreateTimer:
      return timerLabel;
    case ActionType.WaitForExternalEvent:
      return `external event '${step.externalEventName}'`;
    case ActionType.CallEntity:
    case ActionType.SignalEntity:
    case ActionType.ScheduledSignalEntity:
      return `operation '${step.operation}' of entity '${step.instanceId}'`;
    case ActionType.WhenAny:
      return 'Task.any';
    case ActionType.WhenAll:
      return 'Task.all';
    case ActionType.CallHttp:
      return httpLabel;
    case ActionType.LockEntities:
      return `a lock of entity '${formatEntityId(step.lockSet[0]!)}'`;
    case ActionType.ReleaseEntities:
      return 'the release of entities';
  }
}
