import type { Entity, EntityResult } from './entity.ts';
import { formatEntityId } from './entity-id.ts';
import { arrival, EventType, type HistoryEvent } from './history.ts';
import type { Outgoing } from './instance.ts';
import { entityMessage, instanceMessage } from './messages.ts';
import type { EntityMessage, ReleaseMessage } from './scheduling.ts';

/** Locks an entity for the sender, and passes the request on; the last entity of the set tells the sender. */
export function lockEntity(entity: Entity, message: EntityMessage, now: number): EntityResult {
  const { id, parent = '', parentExecution = null, lockset = [], pos = 0 } = message;
  const next = lockset[pos + 1];
  const outgoing: Outgoing =
    next === undefined
      ? instanceMessage(
          parent,
          { ...arrival(new Date(now)), EventType: EventType.EventRaised, Name: id, Input: '{}' },
          parentExecution,
        )
      : entityMessage(formatEntityId(next), { ...message, pos: pos + 1 });
  return { entity: { ...entity, lock: { id, parent, parentExecution } }, outgoing: [outgoing] };
}

/** Gives an entity free, if it is this request that holds it. */
export function releaseEntity(entity: Entity, { release }: ReleaseMessage): Entity {
  return entity.lock?.id === release ? { ...entity, lock: null } : entity;
}

/** The releases that are due when an orchestration ends inside a critical section, whether it had all locks or not. */
export function releasesAtEnd(history: readonly HistoryEvent[], instanceId: string): Outgoing[] {
  const held = new Map<string, EntityMessage>();
  for (const event of history) {
    // What goes to another orchestration is no entity message, whatever it looks like.
    if (event.EventType !== EventType.EventSent || !event.InstanceId.startsWith('@')) continue;
    if (event.Name === 'release') held.delete((JSON.parse(event.Input) as { id: string }).id);
    else {
      const message = JSON.parse(event.Input) as EntityMessage;
      if (message.op === null) held.set(message.id, message);
    }
  }
  return [...held.values()].flatMap(({ id, lockset = [] }) =>
    lockset.map((entity) => entityMessage(formatEntityId(entity), { release: id, parent: instanceId })),
  );
}
