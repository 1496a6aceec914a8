import type { Entity } from '../../src/engine/entity.ts';
import type { Instance, Lane } from '../../src/engine/instance.ts';
import type { Commit, InstanceQuery, Store, StoredMessage } from '../../src/store/store.ts';
import type { Disk } from './disk.ts';

interface Waiting {
  commit: Commit;
  resolve: (messages: StoredMessage[]) => void;
  reject: (error: unknown) => void;
}

/** How a flush ends. */
export type FlushEnd =
  /** Everything is on disk and reported. */
  | 'written'
  /** No room: nothing is written, all are told. */
  | 'full'
  /** One step is refused and told so; the others are written. */
  | 'oneRefused'
  /** The process dies before anything is on disk. */
  | 'lost'
  /** The process dies when all is on disk and nobody has been told. */
  | 'unreported';

export interface StoreObserver {
  /** Called before a step is written. */
  writing(commit: Commit): void;
  /** Is told of each message that gets stored. @returns whether it gets stored twice */
  storing(message: StoredMessage): boolean;
  /** What is really written for a step; to see that the checks notice a disk that lies. */
  tamper(commit: Commit): Commit;
  /** Called when a dead process touches the disk. */
  fenced(): void;
}

/** One process's connection to the disk. Commits wait until the scheduler flushes them, all at once and in order. */
export class SimulatedStore implements Store {
  readonly #disk: Disk;
  readonly #observer: StoreObserver;
  #queue: Waiting[] = [];
  #closed = false;
  #dead = false;

  constructor(disk: Disk, observer: StoreObserver) {
    this.#disk = disk;
    this.#observer = observer;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  commit(commit: Commit): Promise<StoredMessage[]> {
    if (this.#dead) this.#observer.fenced();
    if (this.#closed) return Promise.reject(new Error('database is not open'));
    return new Promise((resolve, reject) => this.#queue.push({ commit, resolve, reject }));
  }

  /** @param refused which commit of the queue `oneRefused` means */
  flush(end: FlushEnd, refused = 0): void {
    const batch = this.#queue;
    this.#queue = [];
    if (end === 'lost') return;
    if (end === 'full') {
      for (const waiting of batch) waiting.reject(new Error('database or disk is full'));
      return;
    }
    const stored = batch.map(({ commit }, index) => {
      if (end === 'oneRefused' && index === refused) return undefined;
      this.#observer.writing(commit);
      return this.#disk.apply(this.#observer.tamper(commit), (message) => this.#observer.storing(message));
    });
    if (end === 'unreported') return;
    stored.forEach((messages, index) => {
      if (messages === undefined) batch[index]!.reject(new Error('constraint failed'));
      else batch[index]!.resolve(messages);
    });
  }

  /** The process is gone: nothing that it still holds may reach the disk. */
  kill(): void {
    this.#dead = true;
    this.#queue = [];
  }

  *messages(lane: Lane): Iterable<StoredMessage> {
    for (const { copyOf: _, ...message } of this.#read().queue(lane)) yield message;
  }

  messageBody(id: number): string | undefined {
    for (const lane of ['orchestration', 'entity', 'activity'] as const) {
      const found = this.#read()
        .queue(lane)
        .find((message) => message.id === id);
      if (found !== undefined) return found.body;
    }
    return undefined;
  }

  instance(instanceId: string): Instance | undefined {
    return this.#read().instance(instanceId);
  }

  history(instanceId: string): string[] {
    return [...(this.#read().histories.get(instanceId) ?? [])];
  }

  instances(query: InstanceQuery): Instance[] {
    return [...this.#read().instances.keys()]
      .map((id) => this.#disk.instance(id)!)
      .filter(({ status }) => query.statuses === undefined || query.statuses.includes(status))
      .slice(0, query.limit);
  }

  entity(id: string): Entity | undefined {
    return this.#read().entity(id);
  }

  entities(query: { name?: string; after?: string; limit: number }): Entity[] {
    return [...this.#read().entities.keys()]
      .map((id) => this.#disk.entity(id)!)
      .filter(({ exists }) => exists)
      .slice(0, query.limit);
  }

  mark(key: string): string | undefined {
    return this.#read().marks.get(key);
  }

  close(): void {
    this.flush('written');
    this.#closed = true;
  }

  #read(): Disk {
    if (this.#dead) this.#observer.fenced();
    if (this.#closed) throw new Error('database is not open');
    return this.#disk;
  }
}
