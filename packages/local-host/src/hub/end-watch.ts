/** Who waits for the end of an instance. */
export class EndWatch {
  readonly #waiting = new Map<string, Set<() => void>>();

  /**
   * Resolves to true when `ended` is called for the instance, to false when that takes longer. Look at the instance
   * before: an end that came earlier is not told again.
   *
   * @param timeoutMs milliseconds
   */
  wait(instanceId: string, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(instanceId) ?? new Set();
      this.#waiting.set(instanceId, waiting);
      const told = () => done(true);
      const timer = setTimeout(() => done(false), timeoutMs);
      const done = (ended: boolean) => {
        clearTimeout(timer);
        waiting.delete(told);
        if (waiting.size === 0 && this.#waiting.get(instanceId) === waiting) this.#waiting.delete(instanceId);
        resolve(ended);
      };
      waiting.add(told);
    });
  }

  ended(instanceId: string): void {
    for (const tell of this.#waiting.get(instanceId) ?? []) tell();
  }
}
