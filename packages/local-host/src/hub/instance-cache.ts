import { decodeEvent } from '../engine/history.ts';
import { type Instance, isFinal } from '../engine/instance.ts';
import type { Store } from '../store/store.ts';
import { Cache } from './cache.ts';
import type { Hot } from './inbox.ts';

/** Most that is kept of instances and histories, in characters of their stored form. */
const cachedCharacters = 3 * 1024 * 1024;

/** What is committed of instances; the most recently used ones are in memory. */
export class InstanceCache {
  readonly #store: Store;
  readonly #hot = new Cache<Hot>(cachedCharacters);

  constructor(store: Store) {
    this.#store = store;
  }

  instance(id: string): Instance | undefined {
    return this.#hot.get(id)?.instance ?? this.#store.instance(id);
  }

  /** Only if it is in memory. */
  hot(id: string): Hot | undefined {
    return this.#hot.get(id);
  }

  load(id: string): Hot | undefined {
    const hot = this.#hot.get(id);
    if (hot !== undefined) return hot;
    const instance = this.#store.instance(id);
    if (instance === undefined) return undefined;
    const loaded = isFinal(instance.status) ? this.#ended(instance) : this.#read(instance);
    this.#put(loaded);
    return loaded;
  }

  keep(hot: Hot): void {
    this.#put(isFinal(hot.instance.status) ? this.#ended(hot.instance) : hot);
  }

  forget(id: string): void {
    this.#hot.delete(id);
  }

  #put(hot: Hot): void {
    const { instanceId, input, output, customStatus } = hot.instance;
    const own = (input?.length ?? 0) + (output?.length ?? 0) + (customStatus?.length ?? 0);
    this.#hot.set(instanceId, hot, 1_000 + own + 2 * hot.size);
  }

  #read(instance: Instance): Hot {
    const events = this.#store.history(instance.instanceId);
    const size = events.reduce((sum, event) => sum + event.length, 0);
    return { instance, history: events.map(decodeEvent), size };
  }

  /** Of an instance that has ended only the record is kept; hardly anybody asks for its history again. */
  #ended(instance: Instance): Hot {
    const read = () => this.#read(instance).history;
    return {
      instance,
      size: 0,
      get history() {
        return read();
      },
    };
  }
}
