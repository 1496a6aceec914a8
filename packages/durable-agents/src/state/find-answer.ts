import { type Answer, findAnswer } from './answer.ts';
import { parseState } from './codec.ts';
import { historyOf } from './entity-state.ts';

/** Ids of letters, digits and hyphens stand in JSON text as they are, whoever wrote it. */
const plainId = /^[A-Za-z0-9-]{8,}$/;

/** An answer as those who wait for it want it. */
export type FoundAnswer = Answer & {
  /** Entries in the session's history, two a turn. */
  messageCount: number;
};

/**
 * The outcome of a turn in the text of a stored state; `undefined` while there is none. Cheap while the turn is not
 * recorded, which is what waiting for it asks again and again: a text without the id is not parsed.
 *
 * @throws StateError as `parseState`; also for a text that is evidently cut off.
 */
export function findAnswerInText(text: string, correlationId: string): FoundAnswer | undefined {
  if (surelyLacks(text, correlationId)) return undefined;
  const state = parseState(text);
  const answer = findAnswer(state, correlationId);
  return answer && { ...answer, messageCount: historyOf(state).length };
}

/** Whether a stored text evidently knows nothing of a turn: for those who look again and again, without parsing it. */
export function surelyLacks(text: string, correlationId: string): boolean {
  const isWhole = text.startsWith('{') && text.endsWith('}');
  return isWhole && plainId.test(correlationId) && !text.includes(correlationId);
}
