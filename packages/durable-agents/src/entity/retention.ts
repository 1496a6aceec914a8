import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import { ConfigurationError } from '../errors.ts';
import { estimateTokens } from './retention-estimate.ts';
import type { Exchange } from './retention-exchanges.ts';

/** What a summary may use of the world. */
export interface SummaryContext {
  signal: AbortSignal;
}

export interface Summary {
  text: string;
  usage?: Usage | undefined;
}

/**
 * Decides how much of a conversation is kept, or, as an agent's `context`, how much of it a model sees. A tool call is
 * never parted from its result; system messages and the newest exchange always stay.
 */
export interface RetentionPolicy {
  readonly name: string;
  /** How many of the oldest exchanges may go now. */
  drop(exchanges: readonly Exchange[]): number;
  /**
   * Whether the oldest exchanges also go when the session would not fit its limit otherwise. If not, the run that
   * reaches the limit fails with `stateTooLarge`.
   */
  readonly yieldsToLimit: boolean;
  /** Says in short what is about to go; the summary stands in its place. Without it, it just goes. */
  summarize?(messages: readonly ChatMessage[], context: SummaryContext): Promise<Summary>;
}

/** Keeps everything, until a run fails because the session has reached its limit. */
export function keepAll(): RetentionPolicy {
  return { name: 'keepAll', drop: () => 0, yieldsToLimit: false };
}

/** Keeps everything as long as it fits; then the oldest exchanges go. */
export function keepWhatFits(): RetentionPolicy {
  return { name: 'keepWhatFits', drop: () => 0, yieldsToLimit: true };
}

/**
 * Keeps the last exchanges.
 *
 * @throws ConfigurationError `invalidOption` if `exchanges` is not a whole number of at least 1.
 */
export function keepLast(exchanges: number): RetentionPolicy {
  atLeastOne('keepLast', exchanges);
  return { name: 'keepLast', drop: ({ length }) => Math.max(0, length - exchanges), yieldsToLimit: true };
}

/**
 * Keeps the last exchanges that together have at most so many tokens; always the newest one.
 *
 * @param estimate counts the tokens of messages. Default: a quarter of their characters.
 * @throws ConfigurationError `invalidOption` if `tokens` is not a whole number of at least 1.
 */
export function tokenBudget(
  tokens: number,
  estimate: (messages: readonly ChatMessage[]) => number = estimateTokens,
): RetentionPolicy {
  atLeastOne('tokenBudget', tokens);
  const drop = (exchanges: readonly Exchange[]) => {
    let used = 0;
    for (let index = exchanges.length - 1; index >= 0; index--) {
      used += estimate((exchanges[index] as Exchange).messages);
      if (used > tokens) return Math.min(index + 1, exchanges.length - 1);
    }
    return 0;
  };
  return { name: 'tokenBudget', drop, yieldsToLimit: true };
}

/** @throws ConfigurationError `invalidOption` */
export function atLeastOne(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new ConfigurationError('invalidOption', `${name} must be a whole number of at least 1, not ${value}.`);
}
