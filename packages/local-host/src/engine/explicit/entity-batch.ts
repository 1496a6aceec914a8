import { randomUUID } from 'node:crypto';
import type { Entity, EntityResult } from '../entity.ts';
import { formatEntityId, parseEntityId } from '../entity-id.ts';
import { arrival, EventType, type HistoryEvent } from '../history.ts';
import type { Outgoing } from '../instance.ts';
import { entityMessage, instanceMessage } from '../messages.ts';
import type { EntityMessage } from '../scheduling.ts';
import type { FailureDetails } from './failure-details.ts';

/** How one operation went; a result is JSON text. */
export type OperationOutcome = { ok: true; result: string | null } | { ok: false; failure: FailureDetails };

export interface SentSignal {
  /** `@name@key` */
  target: string;
  operation: string;
  input: string | null;
  /** Epoch ms before which it is not delivered; 0 = at once. */
  due: number;
}

export interface StartedOrchestration {
  instanceId: string;
  name: string;
  version: string;
  input: string | null;
  /** Epoch ms before which it does not start; 0 = at once. */
  due: number;
}

/**
 * What a worker made of a batch of operations. It has rolled back the failed ones itself, with what they sent, so the
 * state is the one to keep.
 */
export interface ExplicitBatchOutcome {
  /** One for each operation that was run, in their order; fewer than asked for when the worker stopped early. */
  operations: readonly OperationOutcome[];
  /** JSON text; null if the entity is to have none. */
  state: string | null;
  signals: readonly SentSignal[];
  starts: readonly StartedOrchestration[];
}

export function isExplicitBatch<T extends object>(outcome: T | ExplicitBatchOutcome): outcome is ExplicitBatchOutcome {
  return 'operations' in outcome;
}

/** @returns also how many of the messages are done with; the others have to be handed out again, before all else */
export function finishExplicitBatch(
  entity: Entity,
  messages: readonly EntityMessage[],
  outcome: ExplicitBatchOutcome,
  now: number,
): EntityResult & { handled: number } {
  const { operations, state, signals, starts } = outcome;
  const handled = Math.min(operations.length, messages.length);
  const outgoing: Outgoing[] = [];
  messages.slice(0, handled).forEach((message, index) => {
    if (message.signal === true || message.parent === undefined) return;
    const raised: HistoryEvent = {
      ...arrival(new Date(now)),
      EventType: EventType.EventRaised,
      Name: message.id,
      Input: answerText(operations[index]!),
    };
    outgoing.push(instanceMessage(message.parent, raised, message.parentExecution ?? null));
  });
  for (const { target, operation, input, due } of signals) {
    const message: EntityMessage = { op: operation, id: randomUUID(), signal: true };
    if (input !== null) message.input = input;
    if (due > 0) message.due = new Date(due).toISOString();
    outgoing.push({ ...entityMessage(formatEntityId(parseEntityId(target)), message), due });
  }
  outgoing.push(...starts.map((start) => startMessage(start, now)));
  const next: Entity = { ...entity, state, exists: state !== null, lastOperationAt: now };
  return { entity: next, outgoing, handled };
}

function answerText(operation: OperationOutcome): string {
  if (operation.ok) return JSON.stringify({ result: operation.result });
  const { failure } = operation;
  const { ErrorMessage } = failure;
  return JSON.stringify({
    result: JSON.stringify(ErrorMessage),
    exceptionType: ErrorMessage || failure.ErrorType,
    failureDetails: failure,
  });
}

function startMessage({ instanceId, name, version, input, due }: StartedOrchestration, now: number): Outgoing {
  const id = instanceId || randomUUID().replaceAll('-', '');
  const started: HistoryEvent = {
    EventType: EventType.ExecutionStarted,
    ...arrival(new Date(now)),
    Name: name,
    Version: version,
    Input: input,
    OrchestrationInstance: { InstanceId: id, ExecutionId: randomUUID().replaceAll('-', '') },
    ...(due > 0 && { ScheduledStartTime: new Date(due).toISOString() }),
  };
  return { ...instanceMessage(id, started, null), due };
}
