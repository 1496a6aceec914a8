/**
 * What runs in this process for which turn, so that a turn which is cancelled here stops at once. A turn that runs in
 * another process is told through its session.
 */
export class RunningSteps {
  readonly #running = new Map<string, Set<AbortController>>();

  /** Runs a step of a turn with a signal that `abort` pulls. */
  async during<Result>(
    sessionId: string,
    correlationId: string,
    run: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const key = JSON.stringify([sessionId, correlationId]);
    const controller = new AbortController();
    const controllers = this.#running.get(key) ?? new Set();
    this.#running.set(key, controllers.add(controller));
    try {
      return await run(controller.signal);
    } finally {
      controllers.delete(controller);
      if (controllers.size === 0) this.#running.delete(key);
    }
  }

  has(sessionId: string, correlationId: string): boolean {
    return this.#running.has(JSON.stringify([sessionId, correlationId]));
  }

  /** Stops what runs for a turn; tells whether there was anything. */
  abort(sessionId: string, correlationId: string): boolean {
    const controllers = this.#running.get(JSON.stringify([sessionId, correlationId]));
    for (const controller of controllers ?? []) controller.abort();
    return controllers !== undefined;
  }
}
