import { type ChatMessage, messageText, textMessage } from '../agent/message.ts';
import type { AgentResponse } from '../agent/response.ts';
import type { JsonValue } from '../json.ts';
import { type AgentAnswer, conversationOf, isAgentAnswer, isAgentRequest, isChatMessage } from './agent-answer.ts';
import type { ConversationMode } from './agent-executor.ts';
import type { BranchFailure } from './effects.ts';

/** What a message says to an agent. Every message in it has an id. */
export interface Heard {
  /** The whole conversation. */
  conversation: ChatMessage[];
  /** The part of it that is new with this message. */
  latest: ChatMessage[];
  shouldRespond: boolean;
}

/**
 * Reads a message for an agent; undefined if an agent cannot take it. Nothing that is said in a graph is an instruction
 * from above: system and developer messages are heard as a user's.
 *
 * @param id for messages that have none: the same message must get the same id wherever it goes
 */
export function hear(value: JsonValue, id: string): Heard | undefined {
  const heard = read(value, id);
  if (heard === undefined) return undefined;
  const { conversation, latest, shouldRespond } = heard;
  return { conversation: conversation.map(unprivileged), latest: latest.map(unprivileged), shouldRespond };
}

/** As {@link hear}, for what a caller of the workflow sends: a user's words, and else a text, whatever it looks like. */
export function hearCaller(value: JsonValue, id: string): Heard {
  const heard = read(value, id);
  if (heard?.conversation.every(({ role }) => role === 'user')) return heard;
  return said([textMessage('user', JSON.stringify(value))], id);
}

function unprivileged(message: ChatMessage): ChatMessage {
  return message.role === 'system' || message.role === 'developer' ? { ...message, role: 'user' } : message;
}

function read(value: JsonValue, id: string): Heard | undefined {
  if (Array.isArray(value)) return readAll(value, id);
  if (typeof value === 'string') return said([textMessage('user', value)], id);
  if (isChatMessage(value)) return said([value], id);
  if (isAgentAnswer(value)) return { conversation: conversationOf(value), latest: value.messages, shouldRespond: true };
  if (isAgentRequest(value) && value.messages.length > 0) {
    return { ...said(value.messages, id), shouldRespond: value.shouldRespond ?? true };
  }
  return undefined;
}

function readAll(values: JsonValue[], id: string): Heard | undefined {
  const parts = values.map((value, index) => read(value, `${id}.${index}`));
  if (parts.length === 0 || parts.includes(undefined)) return undefined;
  const heard = parts as Heard[];
  return {
    conversation: merged(heard.map(({ conversation }) => conversation)),
    latest: merged(heard.map(({ latest }) => latest)),
    shouldRespond: heard.some(({ shouldRespond }) => shouldRespond),
  };
}

function said(messages: readonly ChatMessage[], id: string): Heard {
  const named = messages.map((message, index) => ({
    ...message,
    messageId: message.messageId ?? (messages.length === 1 ? id : `${id}.${index}`),
  }));
  return { conversation: named, latest: named, shouldRespond: true };
}

/** Conversations as one: what they share stands once, at its first place. */
export function merged(conversations: readonly (readonly ChatMessage[])[]): ChatMessage[] {
  const known = new Set<string>();
  return conversations.flat().filter(({ messageId }) => {
    if (messageId === undefined) return true;
    const isNew = !known.has(messageId);
    known.add(messageId);
    return isNew;
  });
}

/** The conversation in a value, if it is the answer of an agent or a list with such; undefined if there is none. */
export function conversationIn(value: JsonValue): ChatMessage[] | undefined {
  if (isAgentAnswer(value)) return conversationOf(value);
  if (!Array.isArray(value)) return undefined;
  const answers: JsonValue[] = value.filter(isAgentAnswer);
  return answers.length === 0 ? undefined : merged(answers.map((answer) => conversationOf(answer as never)));
}

/** What an agent is told in a turn: of what it should hear, the messages that it has not seen. */
export function unseen(heard: Heard, mode: ConversationMode, seen: readonly string[]): ChatMessage[] {
  const wanted = mode === 'full' ? heard.conversation : mode === 'lastAgent' ? heard.latest : mode(heard.conversation);
  const known = new Set(seen);
  const news = wanted.filter(({ messageId }) => messageId === undefined || !known.has(messageId));
  const last = heard.latest.at(-1);
  if (news.length > 0 || last === undefined) return news;
  // Its own words come back to it: said by somebody, they are something to answer.
  return [textMessage('user', messageText(last))];
}

/** What stands for branches that failed before a join. */
export function failureNote(failures: readonly BranchFailure[], id: string): ChatMessage {
  const lines = failures.map(({ executorId, message }) => `There is no result from "${executorId}": ${message}`);
  return { ...textMessage('user', lines.join('\n')), messageId: id };
}

/** What an agent's node sends on. */
export function answerOf(
  executorId: string,
  response: AgentResponse,
  history: ChatMessage[],
  nextId: () => string,
): AgentAnswer {
  const { text, value, usage, finishReason } = response;
  return {
    executorId,
    text,
    ...(value !== undefined && { value }),
    ...(usage && { usage }),
    ...(finishReason && { finishReason }),
    messages: response.messages.map((message) => ({
      ...message,
      authorName: message.authorName ?? executorId,
      messageId: message.messageId ?? nextId(),
    })),
    history,
  };
}
