import type { ServerResponse } from 'node:http';

/** The requests that are being answered. */
export class InFlight {
  readonly #responses = new Set<ServerResponse>();
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#responses.size;
  }

  add(response: ServerResponse): void {
    this.#responses.add(response);
    response.once('close', () => {
      this.#responses.delete(response);
      if (this.#responses.size === 0) {
        this.#onEmpty?.();
      }
    });
  }

  /** Resolves when nothing is left, or when the time is up. */
  async drain(graceMs: number): Promise<void> {
    if (this.#responses.size === 0) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
