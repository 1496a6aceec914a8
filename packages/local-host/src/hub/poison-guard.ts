import type { Logger } from '../log.ts';
import type { Store, StoredMessage } from '../store/store.ts';

/** After so many processes have died over a message it is set aside. */
const maxAttempts = 5;
/** From so many on a message is a suspect. */
const suspectFrom = 2;

/**
 * Keeps work that takes the process down from doing so at every start. Messages that an earlier process left behind are
 * counted before they run. Suspects run one at a time, so that the next crash counts against the one that caused it
 * and not against what ran beside it.
 */
export class PoisonGuard {
  readonly #store: Store;
  readonly #logger: Logger;
  #suspects: Promise<unknown> = Promise.resolve();

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** @param run runs the user's code, or is told why it must not */
  async run<T>(messages: readonly StoredMessage[], run: (poison: string | undefined) => Promise<T>): Promise<T> {
    const left = messages.filter(({ attempts }) => attempts !== undefined);
    if (left.length === 0) return run(undefined);
    const attempts = Math.max(...left.map((message) => message.attempts ?? 0));
    if (attempts >= maxAttempts) {
      const reason = `Set aside: ${attempts} times the process ended while this was running.`;
      this.#logger.error(`${left[0]!.lane} ${left[0]!.target}: ${reason}`);
      return run(reason);
    }
    const counted = async () => {
      await this.#store.commit({ attempted: left.map(({ id }) => id) });
      return run(undefined);
    };
    if (attempts < suspectFrom) return counted();
    const turn = this.#suspects.then(counted);
    // The next suspect's turn comes however this one ends.
    this.#suspects = turn.catch(() => undefined);
    return turn;
  }
}
