import type { Entity } from '../../src/engine/entity.ts';
import type { Instance, Lane } from '../../src/engine/instance.ts';
import type { Commit, StoredMessage } from '../../src/store/store.ts';

/** A stored message with what only the simulation knows of it. */
export interface Row extends StoredMessage {
  attempts: number;
  /** Set on a message that a fault has stored twice. */
  copyOf?: number;
}

/** What survives a crash. Everything is kept as text, as on a real disk: nothing in memory can change it. */
export class Disk {
  readonly instances = new Map<string, string>();
  readonly histories = new Map<string, string[]>();
  readonly entities = new Map<string, string>();
  /** In the order of their ids. */
  readonly messages = new Map<number, Row>();
  readonly marks = new Map<string, string>();
  #nextId = 1;

  instance(id: string): Instance | undefined {
    const text = this.instances.get(id);
    return text === undefined ? undefined : (JSON.parse(text) as Instance);
  }

  entity(id: string): Entity | undefined {
    const text = this.entities.get(id);
    return text === undefined ? undefined : (JSON.parse(text) as Entity);
  }

  queue(lane: Lane, target?: string): Row[] {
    const rows: Row[] = [];
    for (const row of this.messages.values()) {
      if (row.lane === lane && (target === undefined || row.target === target)) rows.push(row);
    }
    return rows;
  }

  /** The messages that go with an instance when it is purged, as in the real store. */
  purged(id: string): Row[] {
    return this.queue('orchestration', id).filter(({ tag }) => tag !== null);
  }

  /** Writes one step. @param twice whether a message is stored a second time */
  apply(commit: Commit, twice: (message: StoredMessage) => boolean): StoredMessage[] {
    for (const id of commit.purge ?? []) {
      this.instances.delete(id);
      this.histories.delete(id);
      for (const row of this.purged(id)) this.messages.delete(row.id);
    }
    for (const id of commit.consume ?? []) this.messages.delete(id);
    for (const { target, tag } of commit.withdraw ?? []) {
      for (const row of this.messages.values()) {
        if (row.target === target && row.tag === tag) this.messages.delete(row.id);
      }
    }
    const { instance, history, entity } = commit;
    if (instance !== undefined) this.instances.set(instance.instanceId, JSON.stringify(instance));
    if (history !== undefined) {
      const kept = history.replace ? [] : (this.histories.get(history.instanceId) ?? []);
      this.histories.set(history.instanceId, [...kept, ...history.events]);
    }
    if (entity !== undefined) {
      if (!entity.exists && entity.lock === null) this.entities.delete(entity.id);
      else this.entities.set(entity.id, JSON.stringify(entity));
    }
    for (const id of commit.attempted ?? []) {
      const row = this.messages.get(id);
      if (row !== undefined) row.attempts++;
    }
    for (const { key, value } of commit.marks ?? []) this.marks.set(key, value);
    const stored: StoredMessage[] = [];
    for (const outgoing of commit.outgoing ?? []) {
      const first = this.#store({ ...outgoing, id: this.#nextId++ });
      stored.push(first);
      if (twice(first)) stored.push(this.#store({ ...outgoing, id: this.#nextId++ }, first.id));
    }
    return stored;
  }

  #store(message: StoredMessage, copyOf?: number): StoredMessage {
    this.messages.set(message.id, { ...message, attempts: 0, ...(copyOf !== undefined && { copyOf }) });
    return message;
  }
}
