import { type Entity, entityRequest } from '../../src/engine/entity.ts';
import type { HistoryEvent } from '../../src/engine/history.ts';
import type { EntityMessage, ReleaseMessage } from '../../src/engine/scheduling.ts';
import type { Commit } from '../../src/store/store.ts';
import type { Disk, Row } from './disk.ts';
import { countingEntity } from './entity-function.ts';
import type { Judge, Markers } from './judge.ts';

type Message = EntityMessage | ReleaseMessage;

/** Looks at each step of an entity before it is written: order, locks, new state, answers. */
export class EntityChecker {
  readonly #disk: Disk;
  readonly #judge: Judge;
  readonly #markers: Markers;

  constructor(disk: Disk, judge: Judge, markers: Markers) {
    this.#disk = disk;
    this.#judge = judge;
    this.#markers = markers;
  }

  check({ entity: next, consume = [], outgoing = [] }: Commit): void {
    if (next === undefined) return;
    const { id } = next;
    const before = this.#disk.entity(id) ?? { id, state: null, exists: false, lastOperationAt: 0, lock: null };
    const queue = this.#disk.queue('entity', id);
    const taken = consume.flatMap((number) => queue.filter((row) => row.id === number));
    if (taken.length === 0) {
      this.#judge.fail('W11', `${id} takes a step without a message`);
      return;
    }
    this.#order(before, queue, taken);
    const messages = taken.map(decode);
    const [first] = messages;
    if (first !== undefined && 'op' in first && first.op !== null) {
      this.#operations(before, next, messages as EntityMessage[], outgoing);
      return;
    }
    this.#judge.require(next.state === before.state, 'W11', () => `${id} changes its state without an operation`);
    if (next.lock !== null && before.lock !== null && next.lock.id !== before.lock.id) {
      this.#judge.fail('lock', `${id} passes from one holder to another without a release`);
    }
  }

  /** N1, N3: the oldest message that may run is next; a locked entity is for its holder. */
  #order({ id, lock }: Entity, queue: Row[], taken: Row[]): void {
    const allowed = queue.filter((row) => {
      if (lock === null) return true;
      const message = decode(row);
      if ('release' in message) return message.release === lock.id;
      const { op, signal, parent, parentExecution } = message;
      return op !== null && signal !== true && parent === lock.parent && parentExecution === lock.parentExecution;
    });
    if (lock !== null && allowed.length < queue.length) this.#markers.sometimes('others wait for a locked entity');
    for (const [index, row] of taken.entries()) {
      this.#judge.require(
        allowed[index]?.id === row.id,
        'entity order',
        () => `${id} takes message ${row.id}, but ${allowed[index]?.id ?? 'none'} is next${lock ? ' (locked)' : ''}`,
      );
    }
  }

  /** The state and the answers are what the function makes of the state before and these operations, once. */
  #operations(
    before: Entity,
    next: Entity,
    messages: EntityMessage[],
    outgoing: NonNullable<Commit['outgoing']>,
  ): void {
    const { id } = before;
    const results = new Map<string, string>();
    let state = before.state;
    let signals = 0;
    try {
      const outcome = countingEntity(entityRequest(before, messages));
      const failed = outcome.results.filter(({ isError }) => isError).length;
      if (failed === 0 || messages.length > 1) state = outcome.entityState ?? null;
      signals = outcome.signals.length;
      for (const [index, { id: call }] of messages.entries()) results.set(call, outcome.results[index]!.result!);
    } catch {
      // The function is broken: every operation fails and the state stays.
      for (const message of messages) results.set(message.id, '"the entity function is broken"');
    }
    this.#judge.require(next.state === state, 'entity state', () => `${id} is ${next.state}, not ${state}`);
    const answers = outgoing.filter(({ lane }) => lane === 'orchestration');
    const calls = messages.filter(({ signal, parent }) => signal !== true && parent !== undefined);
    this.#judge.require(
      answers.length === calls.length && outgoing.length === calls.length + signals,
      'W11',
      () => `${id} sends ${answers.length} answers for ${calls.length} calls`,
    );
    for (const [index, { target, body }] of answers.entries()) {
      const { event } = JSON.parse(body) as { event: HistoryEvent & { Name: string; Input: string } };
      const { result } = JSON.parse(event.Input) as { result: string };
      const call = calls[index]!;
      this.#judge.require(
        target === call.parent && event.Name === call.id && result === results.get(call.id),
        'W11',
        () => `${id} answers call ${call.id} of ${call.parent} with ${body}`,
      );
    }
  }
}

function decode(row: Row): Message {
  return JSON.parse(row.body) as Message;
}
