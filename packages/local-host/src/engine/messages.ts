import { encodeEvent, type HistoryEvent } from './history.ts';
import type { Outgoing } from './instance.ts';
import type { EntityMessage, ReleaseMessage } from './scheduling.ts';

/** Puts an event for an instance into a message; without an execution id it is for whichever is current. */
export function instanceMessage(target: string, event: HistoryEvent, executionId: string | null): Outgoing {
  const body = `{"executionId":${JSON.stringify(executionId)},"event":${encodeEvent(event)}}`;
  return { lane: 'orchestration', target, due: 0, tag: null, body };
}

/** Puts a message for an entity into its queue. */
export function entityMessage(target: string, message: EntityMessage | ReleaseMessage): Outgoing {
  return { lane: 'entity', target, due: 0, tag: null, body: JSON.stringify(message) };
}
