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
