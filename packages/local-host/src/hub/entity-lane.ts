import {
  type Entity,
  type EntityBatchOutcome,
  type EntityResult,
  entityRequest,
  finishBatch,
} from '../engine/entity.ts';
import { parseEntityId } from '../engine/entity-id.ts';
import { lockEntity, releaseEntity } from '../engine/entity-lock.ts';
import { type ExplicitBatchOutcome, finishExplicitBatch, isExplicitBatch } from '../engine/explicit/entity-batch.ts';
import type { EntityMessage, ReleaseMessage } from '../engine/scheduling.ts';
import type { StoredMessage } from '../store/store.ts';
import { Cache } from './cache.ts';
import { decodeOnce } from './decode-once.ts';
import { unknownFunctionText } from './executor.ts';
import { isDamaged, type LaneServices } from './lane-services.ts';
import { Slots, type Worked } from './slots.ts';

/** Most that is kept of entity states, in characters. */
const cachedCharacters = 3 * 1024 * 1024;

type Decoded = EntityMessage | ReleaseMessage;

/** Runs entities: a batch of messages, the entity function, one commit. */
export class EntityLane {
  readonly slots: Slots;
  readonly #services: LaneServices;
  readonly #batchSize: number;
  readonly #hot = new Cache<Entity>(cachedCharacters);

  constructor(services: LaneServices) {
    const { maxEntityOperationBatchSize = 1, maxConcurrentEntities } = services.policy;
    this.#services = services;
    this.#batchSize = maxEntityOperationBatchSize;
    this.slots = new Slots((id, queue) => this.#work(id, queue), maxConcurrentEntities);
  }

  /** The committed record of an entity; undefined if it has no state. */
  entity(id: string): Entity | undefined {
    const entity = this.#load(id);
    return entity?.exists ? entity : undefined;
  }

  #load(id: string): Entity | undefined {
    return this.#hot.get(id) ?? this.#services.store.entity(id);
  }

  async #work(id: string, queue: StoredMessage[]): Promise<Worked> {
    let taken: StoredMessage[] = [];
    try {
      const entity = this.#load(id) ?? { id, state: null, exists: false, lastOperationAt: 0, lock: null };
      taken = this.#take(entity, queue);
      if (taken.length === 0) return 'held';
      const result = await this.#perform(entity, taken);
      // What the worker did not come to is first in the next batch.
      queue.unshift(...taken.splice(result.handled ?? taken.length));
      await this.#services.commit(
        { consume: taken.map((message) => message.id), entity: result.entity, outgoing: result.outgoing },
        () => this.#hot.set(id, result.entity, 500 + (result.entity.state?.length ?? 0)),
      );
      return 'done';
    } catch (error) {
      queue.unshift(...taken);
      if (isDamaged(error)) {
        this.#services.setAside(`Entity ${id}`, error);
        return 'held';
      }
      const { message } = toError(error);
      this.#services.stepFailed(`Entity ${id}`, message, () => this.slots.wake(id));
      return 'failed';
    }
  }

  /** Takes the messages of the next step off the queue (N3): a lock or release alone, operations up to the next of those. */
  #take({ lock }: Entity, queue: StoredMessage[]): StoredMessage[] {
    if (lock !== null) {
      const next = queue.findIndex((message) => {
        const decoded = decode(message);
        if ('release' in decoded) return decoded.release === lock.id;
        const { op, signal, parent, parentExecution = null } = decoded;
        return op !== null && !signal && parent === lock.parent && parentExecution === lock.parentExecution;
      });
      return next < 0 ? [] : queue.splice(next, 1);
    }
    let count = 0;
    while (count < queue.length && count < this.#batchSize && isOperation(decode(queue[count]!))) count++;
    return queue.splice(0, Math.max(count, 1));
  }

  async #perform(entity: Entity, taken: StoredMessage[]): Promise<EntityResult & { handled?: number }> {
    const messages = taken.map(decode);
    const { clock } = this.#services;
    const [first] = messages;
    if (first === undefined) return { entity, outgoing: [] };
    if ('release' in first) return { entity: releaseEntity(entity, first), outgoing: [] };
    if (first.op === null) {
      // Who asked may have ended meanwhile; a lock for nobody would never be given back.
      const wanted = this.#services.isRunning(first.parent ?? '', first.parentExecution ?? null);
      return wanted ? lockEntity(entity, first, clock.now()) : { entity, outgoing: [] };
    }
    const operations = messages as EntityMessage[];
    const outcome = await this.#services.guard(taken, (poison) => this.#run(entity, operations, poison));
    return isExplicitBatch(outcome)
      ? finishExplicitBatch(entity, operations, outcome, clock.now())
      : finishBatch(entity, operations, outcome, clock.now());
  }

  async #run(
    entity: Entity,
    operations: EntityMessage[],
    poison: string | undefined,
  ): Promise<EntityBatchOutcome | ExplicitBatchOutcome | Error> {
    if (poison !== undefined) return new Error(poison);
    const { executor, logger } = this.#services;
    const { name } = parseEntityId(entity.id);
    if (!executor.has('entity', name)) {
      const unknown = unknownFunctionText(executor, 'entity', name);
      logger.warn(unknown);
      return new Error(unknown);
    }
    const outcome = await executor.runEntity(entityRequest(entity, operations)).catch(toError);
    if (outcome instanceof Error) logger.error(`Entity ${entity.id} failed: ${outcome.message}`);
    return outcome;
  }
}

const decode = decodeOnce((body) => JSON.parse(body) as Decoded);

function isOperation(message: Decoded): boolean {
  return 'op' in message && message.op !== null;
}

function toError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
