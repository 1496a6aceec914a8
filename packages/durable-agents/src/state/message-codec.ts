import type { ChatMessage, Role } from '../agent/message.ts';
import type { JsonObject } from '../json.ts';
import { readContent, storeContent, storeContentLossless, withoutUndefined } from './content-codec.ts';
import { extensionKey, type StoredMessage } from './entity-state.ts';
import { isObject } from './stored-fields.ts';

const roles: ReadonlySet<string> = new Set<Role>(['user', 'assistant', 'system', 'tool', 'developer']);

/** A message in its stored form, valid in schema 1.1. */
export function storeMessage(message: ChatMessage): StoredMessage {
  const { role, authorName, createdAt, messageId, extensionData } = message;
  return withoutUndefined({
    // Schema 1.1 has no developer role; to models both mean the same.
    role: role === 'developer' ? 'system' : role,
    authorName,
    createdAt,
    messageId,
    contents: message.contents.map(storeContent),
    extensionData: role === 'developer' ? { ...extensionData, [extensionKey]: { role } } : extensionData,
  }) as StoredMessage;
}

/** A message in the form of schema 2, which takes all of it as it is. */
export function storeMessageLossless({ contents, ...message }: ChatMessage): StoredMessage {
  return withoutUndefined({ ...message, contents: contents.map(storeContentLossless) }) as StoredMessage;
}

/** The message behind a stored one; `undefined` if its role is none that models know. */
export function readMessage(stored: StoredMessage): ChatMessage | undefined {
  if (!roles.has(stored.role)) return undefined;
  const message: ChatMessage = { role: stored.role as Role, contents: (stored.contents ?? []).map(readContent) };
  for (const name of ['authorName', 'createdAt', 'messageId'] as const) {
    const value = stored[name];
    if (typeof value === 'string') message[name] = value;
  }
  if (isObject(stored.extensionData)) return readExtra(message, stored.extensionData as JsonObject);
  return message;
}

export function readMessages(stored: readonly StoredMessage[] | null | undefined): ChatMessage[] {
  return (stored ?? []).map(readMessage).filter((message) => message !== undefined);
}

function readExtra(message: ChatMessage, extensionData: JsonObject): ChatMessage {
  const { [extensionKey]: extra, ...others } = extensionData;
  if (!isObject(extra) || extra.role !== 'developer') return { ...message, extensionData };
  return { ...message, role: 'developer', ...(Object.keys(others).length > 0 && { extensionData: others }) };
}
