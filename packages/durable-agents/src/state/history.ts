import { isDeepStrictEqual } from 'node:util';
import type { Content } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import { repairConversation } from '../agent/repair-conversation.ts';
import { isAnswer, recordedFailure } from './answer.ts';
import { historyOf, type StateDocument, type StoredEntry } from './entity-state.ts';
import { readMessages } from './message-codec.ts';

/** Contents that are kept for the record but are never sent to a model again. */
const recordOnly: ReadonlySet<Content['type']> = new Set(['reasoning', 'error', 'usage', 'unknown']);

const toolWork: ReadonlySet<Content['type']> = new Set(['functionCall', 'functionResult']);

/**
 * The conversation so far, as a model should see it. Left out: errors; what the user said, and the model answered, in
 * a turn that the provider refused (sent again, it would be refused again); whatever a compaction replaced; entries
 * and contents of unknown kinds. Tool calls of failed and refused turns stay: what they did must not be done again.
 * Every tool call has exactly one result.
 */
export function conversationOf(state: StateDocument): ChatMessage[] {
  const entries = historyOf(state);
  const refused = refusedTurns(entries);
  let messages: ChatMessage[] = [];
  for (const entry of entries) {
    if (entry.$type !== 'request' && entry.$type !== 'response' && entry.$type !== 'compaction') continue;
    if (entry.$type === 'compaction') messages = [];
    const isRefused = typeof entry.correlationId === 'string' && refused.has(entry.correlationId);
    messages.push(...readMessages(entry.messages).flatMap((message) => forModel(message, isRefused)));
  }
  return repairConversation(messages);
}

/**
 * A conversation and what is said next. A message that was not answered, because its turn failed, and is now sent again
 * counts once.
 */
export function withAsked(conversation: readonly ChatMessage[], asked: readonly ChatMessage[]): ChatMessage[] {
  const isSame = (before: ChatMessage | undefined, now: ChatMessage) =>
    now.role === 'user' && before?.role === 'user' && isDeepStrictEqual(before.contents, now.contents);
  let end = conversation.length;
  while (asked.length > 0 && asked.every((message, i) => isSame(conversation[end - asked.length + i], message))) {
    end -= asked.length;
  }
  return [...conversation.slice(0, end), ...asked];
}

function refusedTurns(entries: readonly StoredEntry[]): Set<string> {
  const refused = new Set<string>();
  for (const entry of entries) {
    if (!isAnswer(entry) || typeof entry.correlationId !== 'string') continue;
    if (recordedFailure(entry)?.code === 'modelRefused') refused.add(entry.correlationId);
  }
  return refused;
}

/** One message, or none. A message with an error in it is the report of a failure, not something the agent said. */
function forModel(message: ChatMessage, isRefused: boolean): ChatMessage[] {
  if (message.contents.some((content) => content.type === 'error')) return [];
  const contents = message.contents.filter((content) =>
    isRefused ? toolWork.has(content.type) : !recordOnly.has(content.type),
  );
  return contents.length === 0 ? [] : [{ ...message, contents }];
}
