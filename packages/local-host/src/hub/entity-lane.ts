import { type Entity, type EntityBatchOutcome, entityRequest, finishBatch, parseEntityId } from '../engine/entity.ts';
import type { EntityMessage } from '../engine/scheduling.ts';
import type { StoredMessage } from '../store/store.ts';
import { Cache } from './cache.ts';
import type { LaneServices } from './lane-services.ts';
import { Slots } from './slots.ts';

/** Runs entities: a batch of messages, the entity function, one commit. */
export class EntityLane {
  readonly slots: Slots;
  readonly #services: LaneServices;
  readonly #batchSize: number;
  readonly #hot = new Cache<Entity>(2_000);

  /** @param batchSize operations per batch; with 1 (the default of the host) a failed operation rolls back alone */
  constructor(services: LaneServices, batchSize: number) {
    this.#services = services;
    this.#batchSize = batchSize;
    this.slots = new Slots((id, queue) => this.#work(id, queue));
  }

  /** The committed state of an entity; undefined if it does not exist. */
  entity(id: string): Entity | undefined {
    const entity = this.#hot.get(id) ?? this.#services.store.entity(id);
    return entity?.exists ? entity : undefined;
  }

  async #work(id: string, queue: StoredMessage[]): Promise<boolean> {
    const taken = queue.splice(0, this.#batchSize);
    const { clock, executor, logger } = this.#services;
    try {
      const messages = taken.map((message) => JSON.parse(message.body) as EntityMessage);
      const entity = this.entity(id) ?? { id, state: null, exists: false, lastOperationAt: 0 };
      let outcome: EntityBatchOutcome | Error;
      const { name } = parseEntityId(id);
      if (!executor.has('entity', name)) {
        outcome = new Error(
          `The function '${name}' doesn't exist, is disabled, or is not an entity function. Additional info: The following are the known entity functions: ${executor.names('entity').join(', ') || 'none'}.`,
        );
        logger.warn(outcome.message);
      } else {
        outcome = await executor.runEntity(entityRequest(entity, messages)).catch(toError);
        if (outcome instanceof Error) logger.error(`Entity ${id} failed: ${outcome.message}`);
      }
      const result = finishBatch(entity, messages, outcome, clock.now());
      await this.#services.commit(
        { consume: taken.map((message) => message.id), entity: result.entity, outgoing: result.outgoing },
        () => this.#hot.set(id, result.entity),
      );
      return true;
    } catch (error) {
      queue.unshift(...taken);
      logger.error(`Entity ${id}: the step could not be written and will be tried again. ${toError(error).message}`);
      this.#services.retryLater(() => this.slots.wake(id));
      return false;
    }
  }
}

function toError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
