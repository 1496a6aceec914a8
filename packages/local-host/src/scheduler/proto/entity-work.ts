import type { EntityBatchRequest } from '../../engine/entity.ts';
import { formatEntityId } from '../../engine/entity-id.ts';
import type { ExplicitBatchOutcome, OperationOutcome } from '../../engine/explicit/entity-batch.ts';
import { DetailedFailure, detailsOf, reasonOf } from '../../engine/explicit/failure-details.ts';
import { decode, encode } from './codec.ts';
import { fromFailure } from './failures.ts';
import type { Message } from './message-types.ts';
import { ProtoError } from './proto-error.ts';
import { millis, unwrap, wrap } from './well-known.ts';

export function entityBatchRequest({ self, state, batch }: EntityBatchRequest): Uint8Array {
  return encode('EntityBatchRequest', {
    instanceId: formatEntityId(self),
    entityState: wrap(state),
    operations: batch.map(({ id, name, input }) => ({ operation: name, requestId: id, input: wrap(input) })),
  });
}

/**
 * @throws ProtoError if it is no `EntityBatchResult`, or has an action that is not known
 * @throws DetailedFailure if the worker could not run the batch at all
 */
export function entityBatchOutcome(bytes: Uint8Array): ExplicitBatchOutcome {
  const result = decode('EntityBatchResult', bytes);
  if (result.requiresState) {
    throw new ProtoError('unexpectedResponse', 'The worker asks for a state that it was given.');
  }
  if (result.failureDetails !== null) {
    const details = fromFailure(result.failureDetails);
    throw new DetailedFailure(reasonOf(details), details);
  }
  const outcome = {
    operations: result.results.map(readResult),
    state: unwrap(result.entityState),
    signals: [] as ExplicitBatchOutcome['signals'][number][],
    starts: [] as ExplicitBatchOutcome['starts'][number][],
  };
  for (const action of result.actions) {
    if (action.sendSignal !== null) {
      const { instanceId: target, name: operation, input, scheduledTime } = action.sendSignal;
      outcome.signals.push({ target, operation, input: unwrap(input), due: due(scheduledTime) });
    } else if (action.startNewOrchestration !== null) {
      const { instanceId, name, version, input, scheduledTime } = action.startNewOrchestration;
      const text = { version: unwrap(version) ?? '', input: unwrap(input) };
      outcome.starts.push({ instanceId, name, ...text, due: due(scheduledTime) });
    } else {
      throw new ProtoError('unknownAction', `The entity asked for an action that is not known here (id ${action.id}).`);
    }
  }
  return outcome;
}

function readResult({ success, failure }: Message<'OperationResult'>): OperationOutcome {
  if (success !== null) return { ok: true, result: unwrap(success.result) };
  const details = failure?.failureDetails ?? null;
  return { ok: false, failure: details === null ? detailsOf('The entity operation failed.') : fromFailure(details) };
}

function due(scheduled: Message<'Timestamp'> | null): number {
  return scheduled === null ? 0 : millis(scheduled);
}
