import type { StateDocument } from './entity-state.ts';

/** Smaller texts are parsed as fast as they are found. */
const leastLength = 16_384;

/** Characters of all texts that are kept. */
const mostLength = 4_194_304;

/**
 * States that were parsed of late, by their text. Whoever waits for a long session's answer reads what the next turn
 * begins with, so that each text is parsed once. Documents are never changed, so sharing them is safe.
 */
export class RecentStates {
  /** Oldest first. */
  readonly #states = new Map<string, StateDocument>();
  #length = 0;

  get(text: string): StateDocument | undefined {
    const state = text.length < leastLength ? undefined : this.#states.get(text);
    if (state === undefined) return undefined;
    this.#states.delete(text);
    this.#states.set(text, state);
    return state;
  }

  add(text: string, state: StateDocument): void {
    if (text.length < leastLength || text.length > mostLength / 2 || this.#states.has(text)) return;
    this.#states.set(text, state);
    this.#length += text.length;
    for (const oldest of this.#states.keys()) {
      if (this.#length <= mostLength) return;
      this.#states.delete(oldest);
      this.#length -= oldest.length;
    }
  }
}
