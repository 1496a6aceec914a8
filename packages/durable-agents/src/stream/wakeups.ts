interface Topic {
  /** Wake-ups so far. */
  count: number;
  followers: number;
  readonly waiting: Set<() => void>;
}

/**
 * Wakes those who wait for news of something. Nobody misses news that come between looking and waiting: a waiter says
 * how many wake-ups it has seen.
 */
export class Wakeups {
  readonly #topics = new Map<string, Topic>();
  #closed = false;

  /** Begins to follow a topic. The follower must be disposed of, whatever happens. */
  follow(name: string): Follower {
    const topic = this.#topics.get(name) ?? { count: 0, followers: 0, waiting: new Set() };
    this.#topics.set(name, topic);
    topic.followers++;
    return {
      count: () => topic.count,
      wait: (seen, signal, timeoutMs) => this.#wait(topic, seen, signal, timeoutMs),
      dispose: () => {
        topic.followers--;
        if (topic.followers === 0) this.#topics.delete(name);
      },
    };
  }

  wake(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    topic.count++;
    for (const resume of topic.waiting) resume();
  }

  wakeAll(): void {
    for (const name of this.#topics.keys()) this.wake(name);
  }

  /** Ends all waiting, now and later. */
  close(): void {
    this.#closed = true;
    this.wakeAll();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Number of topics that somebody follows. */
  get size(): number {
    return this.#topics.size;
  }

  async #wait(topic: Topic, seen: number, signal: AbortSignal, timeoutMs: number | undefined): Promise<void> {
    if (this.#closed || signal.aborted || topic.count !== seen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const resume = () => resolve();
    const timer = timeoutMs === undefined ? undefined : setTimeout(resume, timeoutMs);
    topic.waiting.add(resume);
    signal.addEventListener('abort', resume, { once: true });
    await promise;
    signal.removeEventListener('abort', resume);
    topic.waiting.delete(resume);
    clearTimeout(timer);
  }
}

export interface Follower {
  /** Number of wake-ups so far. */
  count(): number;
  /** Resolves when there were other wake-ups than those `seen`, when the time is up, or when the signal aborts. */
  wait(seen: number, signal: AbortSignal, timeoutMs?: number): Promise<void>;
  dispose(): void;
}
