import { randomUUID } from 'node:crypto';
import { type EntityId, formatEntityId, parseEntityId } from './entity-id.ts';
import { arrival, EventType, type HistoryEvent } from './history.ts';
import type { Outgoing } from './instance.ts';
import { entityMessage, instanceMessage } from './messages.ts';
import type { EntityMessage } from './scheduling.ts';

/*
 * One batch of operations of an entity, as pure functions.
 *
 * N1  At most one batch of an entity is in flight; operations run in the order their messages were accepted.
 * N2  New state, answers, signals and the consumed messages are one commit.
 * N3  While an entity is locked only operations and the release of its holder run; all else waits in order.
 * N4  In a batch of one, a failed operation leaves the state as it was and sends nothing but its failure.
 */

export interface Entity {
  id: string;
  /** JSON text; null if the entity has no state. */
  state: string | null;
  exists: boolean;
  /** Epoch ms of the last batch. */
  lastOperationAt: number;
  /** The critical section that holds the entity; nobody else's operations run meanwhile. */
  lock: EntityLock | null;
}

export interface EntityLock {
  /** Id of the lock request. */
  id: string;
  /** Instance and execution that hold it. */
  parent: string;
  parentExecution: string | null;
}

/** The request as the SDK's entity function takes it. */
export interface EntityBatchRequest {
  self: EntityId;
  exists: boolean;
  state: string | null;
  batch: { id: string; name: string; input: string | null; isSignal: boolean }[];
}

export interface EntityBatchOutcome {
  entityExists: boolean;
  entityState?: string | null | undefined;
  results: { isError: boolean; result?: string | undefined }[];
  signals: { target: EntityId; name: string; input: string; requestId?: string }[];
}

export interface EntityResult {
  entity: Entity;
  outgoing: Outgoing[];
}

export function entityRequest(entity: Entity, messages: readonly EntityMessage[]): EntityBatchRequest {
  return {
    self: parseEntityId(entity.id),
    exists: entity.exists,
    state: entity.state,
    batch: messages.map((message) => ({
      id: message.id,
      name: message.op ?? '',
      input: message.input ?? null,
      isSignal: message.signal === true,
    })),
  };
}

/** @param outcome what the function returned, or the error it threw: then every operation has failed */
export function finishBatch(
  entity: Entity,
  messages: readonly EntityMessage[],
  outcome: EntityBatchOutcome | Error,
  now: number,
): EntityResult {
  const failedAll = outcome instanceof Error;
  const rollBack = failedAll || (messages.length === 1 && outcome.results[0]?.isError === true);
  const next: Entity = rollBack
    ? { ...entity, lastOperationAt: now }
    : {
        id: entity.id,
        state: outcome.entityExists ? (outcome.entityState ?? null) : null,
        exists: outcome.entityExists,
        lastOperationAt: now,
        lock: entity.lock,
      };
  const outgoing: Outgoing[] = [];
  messages.forEach((message, index) => {
    const result = failedAll ? undefined : outcome.results[index];
    if (message.signal === true || message.parent === undefined) return;
    const answer: { result: string | null; exceptionType?: string } = { result: result?.result ?? null };
    if (failedAll) {
      answer.result = JSON.stringify(outcome.message);
      answer.exceptionType = 'Error';
    } else if (result === undefined || result.isError) {
      answer.result ??= JSON.stringify('The entity operation failed.');
      answer.exceptionType = 'Error';
    }
    const raised: HistoryEvent = {
      ...arrival(new Date(now)),
      EventType: EventType.EventRaised,
      Name: message.id,
      Input: JSON.stringify(answer),
    };
    outgoing.push(instanceMessage(message.parent, raised, message.parentExecution ?? null));
  });
  if (!failedAll && !rollBack) {
    const failedIds = new Set(messages.filter((_, i) => outcome.results[i]?.isError).map((message) => message.id));
    for (const signal of outcome.signals) {
      if (signal.requestId !== undefined && failedIds.has(signal.requestId)) continue;
      const body: EntityMessage = { op: signal.name, id: randomUUID(), signal: true };
      if (signal.input) body.input = signal.input;
      outgoing.push(entityMessage(formatEntityId(signal.target), body));
    }
  }
  return { entity: next, outgoing };
}
