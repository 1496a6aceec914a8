import { arrival, EventType, encodeEvent, type HistoryEvent } from './history.ts';
import type { Outgoing } from './instance.ts';
import type { EntityMessage, ReleaseMessage } from './scheduling.ts';

/**
 * Puts an event for an instance into a message; without an execution id it is for whichever is current.
 *
 * @param override only for starts: take the place of an instance that is still running
 */
export function instanceMessage(
  target: string,
  event: HistoryEvent,
  executionId: string | null,
  override = false,
): Outgoing {
  const marks = override ? ',"override":true' : '';
  const body = `{"executionId":${JSON.stringify(executionId)}${marks},"event":${encodeEvent(event)}}`;
  return { lane: 'orchestration', target, due: 0, tag: null, body };
}

/** Tells a failed instance to go on. */
export function rewindMessage(target: string, executionId: string, reason: string, now: number): Outgoing {
  const event: HistoryEvent = { EventType: EventType.ExecutionRewound, ...arrival(new Date(now)), Reason: reason };
  return instanceMessage(target, event, executionId);
}

/** Puts a message for an entity into its queue. */
export function entityMessage(target: string, message: EntityMessage | ReleaseMessage): Outgoing {
  return { lane: 'entity', target, due: 0, tag: null, body: JSON.stringify(message) };
}
