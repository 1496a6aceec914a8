import type { Usage } from '../agent/content.ts';
import { messageText } from '../agent/message.ts';
import type { JsonObject } from '../json.ts';
import { type Answer, findAnswer, isAnswer } from '../state/answer.ts';
import { readUsage } from '../state/content-codec.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { readMessages } from '../state/message-codec.ts';
import { isObject } from '../state/stored-fields.ts';
import type { OperationOutcome } from './agent-entity.ts';

/*
 * Nobody may be told of an end that a crash could still take back. So the operation that ends a turn tells nobody; it
 * sends the session the operation `turnTold`, which runs when the first one is on disk and finds what was recorded.
 */

/** Name of the operation that tells those who watch a turn how it has ended. Its input is the `correlationId`. */
export const tellOperation = 'turnTold';

/** The recorded end of a turn, for those who watch it. */
export interface ToldTurn {
  correlationId: string;
  answer: Answer;
  /** Text of the message that was answered, where the session still has it. */
  requestText: string;
  usage?: Usage | undefined;
}

/** The turns that an operation has ended and of whose end nobody has been told. */
export function endedTurns({ state, correlationId, wakes = [] }: OperationOutcome): string[] {
  if (state === undefined) return [];
  const candidates = correlationId === undefined ? wakes : [correlationId, ...wakes];
  return [...new Set(candidates)].filter((id) => findAnswer(state, id) !== undefined);
}

/** What is recorded of a turn. `state` is the document with its conversation, wherever that is kept. */
export function toldTurn(state: StateDocument, correlationId: string): ToldTurn | undefined {
  const answer = findAnswer(state, correlationId);
  if (answer === undefined) return undefined;
  const entries = historyOf(state).filter((entry) => entry.correlationId === correlationId);
  const asked = entries.findLast(({ $type }) => $type === 'request');
  const requestText = readMessages(asked?.messages).map(messageText).join('\n');
  const usage = entries.findLast(isAnswer)?.usage;
  return { correlationId, answer, requestText, ...(isObject(usage) && { usage: readUsage(usage as JsonObject) }) };
}
