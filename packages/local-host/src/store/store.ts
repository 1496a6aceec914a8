import type { Entity } from '../engine/entity.ts';
import type { Instance, Lane, Outgoing, RuntimeStatus } from '../engine/instance.ts';

/** A stored message. Ids grow in the order of acceptance. */
export interface StoredMessage extends Outgoing {
  id: number;
  /** How many host processes have begun to handle it and died; only counted for messages found at a start. */
  attempts?: number;
}

/** One step's changes; they become durable together or not at all. */
export interface Commit {
  /** Ids of messages that are done with. */
  consume?: number[];
  /** Messages of a target to withdraw, by tag. */
  withdraw?: { target: string; tag: string }[];
  instance?: Instance;
  /** Events to append, as JSON text without line breaks; `from` is how many there are already (0 with `replace`). */
  history?: { instanceId: string; replace: boolean; from: number; events: string[] };
  entity?: Entity;
  /** Messages to add; the store gives them their ids. */
  outgoing?: Outgoing[];
  /** Ids of messages that are about to be tried once more. */
  attempted?: number[];
  /** Small facts of the host to remember, by key. */
  marks?: { key: string; value: string }[];
  /** Instances to delete, with history and waiting messages. */
  purge?: string[];
}

export interface InstanceQuery {
  statuses?: RuntimeStatus[];
  /** Epoch ms, inclusive. */
  createdFrom?: number;
  createdTo?: number;
  idPrefix?: string;
  /** Resume after this instance id. */
  after?: string;
  limit: number;
}

/** The storage port. Everything above it is unaware of SQL. */
export interface Store {
  /**
   * Resolves when the changes are on disk. Commits that are ready together share one disk flush; each stays atomic.
   * @returns the stored form of `outgoing`
   */
  commit(commit: Commit): Promise<StoredMessage[]>;
  /** All waiting messages in order of acceptance; read once, at start. */
  messages(lane: Lane): Iterable<StoredMessage>;
  /** The body of a waiting message; undefined if it is gone. */
  messageBody(id: number): string | undefined;
  instance(instanceId: string): Instance | undefined;
  history(instanceId: string): string[];
  instances(query: InstanceQuery): Instance[];
  entity(id: string): Entity | undefined;
  entities(query: { name?: string; after?: string; limit: number }): Entity[];
  /** A fact stored with `marks`. */
  mark(key: string): string | undefined;
  close(): void;
}
