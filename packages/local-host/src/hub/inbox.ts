import { abandoned, childExecution } from '../engine/episode.ts';
import { arrival, EventType, type ExecutionStarted, type HistoryEvent } from '../engine/history.ts';
import { type Instance, type InstanceMessage, isFinal, type Outgoing } from '../engine/instance.ts';
import { instanceMessage } from '../engine/messages.ts';
import type { StoredMessage } from '../store/store.ts';
import { decodeOnce } from './decode-once.ts';
import { UnstoredResult } from './unstored-result.ts';

/** An instance as it is kept in memory: what is committed of it. */
export interface Hot {
  instance: Instance;
  history: HistoryEvent[];
  /** Characters of the stored history. */
  size: number;
}

/** What the messages of one step come to. */
export interface Inbox {
  hot: Hot | undefined;
  /** Ids of the messages, whether they count or not. */
  consume: number[];
  events: HistoryEvent[];
  outgoing: Outgoing[];
  /** Whether a new execution takes the place of the stored one. */
  replace: boolean;
}

/** Splits messages into those that count for the current execution (E3) and those that are only taken off. */
export function sortInbox(id: string, hot: Hot | undefined, taken: readonly StoredMessage[], now: number): Inbox {
  const inbox: Inbox = { hot, consume: [], events: [], outgoing: [], replace: false };
  for (const message of taken) {
    inbox.consume.push(message.id);
    const { executionId, event, override = false, carryover = [] } = decodeMessage(message);
    if (event.EventType === EventType.ExecutionStarted) {
      start(inbox, id, event, carryover, override, now);
      continue;
    }
    const current = inbox.hot?.instance;
    if (current === undefined) continue;
    if (!isFor(current, executionId, event)) continue;
    const accepts =
      event.EventType === EventType.ExecutionRewound ? current.status === 'Failed' : !isFinal(current.status);
    if (accepts) inbox.events.push(event);
  }
  return inbox;
}

/** Whether a message is for this execution. The order to end a child is for its whole run, however often it continued. */
export function isFor(
  { executionId: current, parent }: Instance,
  executionId: string | null,
  event: HistoryEvent,
): boolean {
  if (executionId === null || executionId === current) return true;
  if (event.EventType !== EventType.ExecutionTerminated || parent === null) return false;
  return executionId === childExecution(parent.OrchestrationInstance.ExecutionId, parent.TaskScheduleId);
}

function start(
  inbox: Inbox,
  id: string,
  event: ExecutionStarted,
  carryover: readonly HistoryEvent[],
  override: boolean,
  now: number,
): void {
  const { hot } = inbox;
  const { ExecutionId } = event.OrchestrationInstance;
  if (hot !== undefined && hot.instance.executionId === ExecutionId) {
    if (isFinal(hot.instance.status)) return;
    const isStart = (past: HistoryEvent) => past.EventType === EventType.ExecutionStarted;
    if (!hot.history.some(isStart) && !inbox.events.some(isStart)) inbox.events.unshift(event, ...carryover);
    return;
  }
  if (hot !== undefined && !isFinal(hot.instance.status)) {
    if (!override) {
      refuse(inbox, id, event);
      return;
    }
    inbox.outgoing.push(...abandoned(hot.instance, hot.history, now));
  }
  inbox.replace = true;
  inbox.events = [event];
  inbox.hot = { instance: newInstance(id, event, now), history: [], size: 0 };
}

/** Tells a parent that its child could not start; nobody else asks in this way. */
function refuse(inbox: Inbox, id: string, event: ExecutionStarted): void {
  const { ParentInstance: parent } = event;
  if (parent === undefined) return;
  const refused: HistoryEvent = {
    EventType: EventType.SubOrchestrationInstanceFailed,
    ...arrival(event.Timestamp),
    TaskScheduledId: parent.TaskScheduleId,
    Reason: `An orchestration instance with the id '${id}' is already running.`,
    Details: '',
  };
  const { InstanceId, ExecutionId } = parent.OrchestrationInstance;
  inbox.outgoing.push(instanceMessage(InstanceId, refused, ExecutionId));
}

/** The record of an instance that is about to start. */
export function newInstance(id: string, event: ExecutionStarted, now: number): Instance {
  return {
    instanceId: id,
    name: event.Name,
    version: event.Version,
    executionId: event.OrchestrationInstance.ExecutionId,
    status: 'Pending',
    input: event.Input,
    output: null,
    customStatus: null,
    createdAt: now,
    updatedAt: now,
    parent: event.ParentInstance ?? null,
  };
}

const decodeStored = decodeOnce((body): InstanceMessage => {
  const message = JSON.parse(body) as InstanceMessage;
  for (const event of [message.event, ...(message.carryover ?? [])]) {
    event.Timestamp = new Date(event.Timestamp);
    event.IsPlayed = false;
  }
  return message;
});

export function decodeMessage(message: StoredMessage): InstanceMessage {
  return message instanceof UnstoredResult ? message : decodeStored(message);
}

/** What is handled before everything else, and alone. */
export function isOrder({ event, override }: InstanceMessage): boolean {
  return isOrderEvent(event) || override === true;
}

export function isOrderEvent(event: HistoryEvent): boolean {
  switch (event.EventType) {
    case EventType.ExecutionTerminated:
    case EventType.ExecutionSuspended:
    case EventType.ExecutionResumed:
    case EventType.ExecutionRewound:
      return true;
    default:
      return false;
  }
}
