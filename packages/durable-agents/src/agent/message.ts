import { RequestError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { Content } from './content.ts';

export type Role = 'user' | 'assistant' | 'system' | 'tool' | 'developer';

/** One message of a conversation. */
export interface ChatMessage {
  role: Role;
  contents: Content[];
  authorName?: string;
  /** RFC 3339 time. */
  createdAt?: string;
  messageId?: string;
  extensionData?: JsonObject;
}

/** A message of plain text. */
export function textMessage(role: Role, text: string): ChatMessage {
  return { role, contents: [{ type: 'text', text }] };
}

/** The text parts of a message, joined without separator. */
export function messageText(message: ChatMessage): string {
  let text = '';
  for (const content of message.contents) {
    if (content.type === 'text') text += content.text;
  }
  return text;
}

/**
 * What a caller may pass as a message, as messages.
 *
 * @throws RequestError `emptyMessage` if there is nothing in them to answer.
 */
export function toMessages(input: string | ChatMessage | readonly ChatMessage[]): ChatMessage[] {
  const messages = typeof input === 'string' ? [textMessage('user', input)] : 'role' in input ? [input] : [...input];
  const hasContent = messages.some((message) =>
    message.contents.some((content) => content.type !== 'text' || content.text.trim() !== ''),
  );
  if (!hasContent)
    throw new RequestError('emptyMessage', 400, 'There is no message to answer.', { fix: 'Pass a text.' });
  return messages;
}
