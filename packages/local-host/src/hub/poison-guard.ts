import type { Logger } from '../log.ts';
import type { Store, StoredMessage } from '../store/store.ts';
import type { Clock } from './executor.ts';

/** After so many processes have died over a message it is set aside. */
const maxAttempts = 5;
/** From so many on a message is a suspect. */
const suspectFrom = 3;
/** Longest wait for the suspect before, in milliseconds: it may be waiting for the very one that waits for it. */
const longestTurnMs = 5_000;

/**
 * Keeps work that takes the process down from doing so at every start. Messages that an earlier process left behind are
 * counted before they run. Suspects begin one after the other, so that the next crash counts against the one that
 * caused it and not against what ran beside it; but none waits for another for long.
 */
export class PoisonGuard {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #suspects: Promise<unknown> = Promise.resolve();

  constructor(store: Store, logger: Logger, clock: Clock) {
    this.#store = store;
    this.#logger = logger;
    this.#clock = clock;
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
    // The next suspect's turn comes however this one ends, or does not.
    this.#suspects = this.#atMost(
      turn.then(
        () => undefined,
        () => undefined,
      ),
    );
    return turn;
  }

  #atMost(turn: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      // Counted from when the turn begins, which is when the one before has ended or had its time.
      const begun = this.#suspects.then(() => {
        const cancel = this.#clock.at(this.#clock.now() + longestTurnMs, resolve);
        return turn.then(cancel);
      });
      void begun.then(() => resolve());
    });
  }
}
