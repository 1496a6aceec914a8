import type { JsonObject, JsonValue } from '../json.ts';

/** Version of the official schema that new sessions are written in, unless the app says otherwise. */
export const schemaVersion = '1.1.0';

/** Versions that a new session can be written in. 2.0.0 is a proposal that only newer runtimes read. */
export type FreshVersion = '1.1.0' | '2.0.0';

/** Where this library keeps facts that the schema has no field for: `extensionData[extensionKey]`. */
export const extensionKey = 'durable-agents';

/*
 * The stored document as it is in JSON. Optional fields may be `null` in documents of other runtimes; unknown fields
 * and unknown `$type`s may be anywhere and are kept where they are.
 */

/** A part of a message; `$type` names its kind. */
export interface StoredContent extends JsonObject {
  $type: string;
}

export interface StoredMessage extends JsonObject {
  role: string;
  contents?: StoredContent[] | null;
  authorName?: string | null;
  createdAt?: string | null;
  messageId?: string | null;
}

/** `request`, `response`, `errorResponse`, `compaction`, or something newer. */
export interface StoredEntry extends JsonObject {
  $type?: string | null;
  correlationId?: string | null;
  createdAt?: string | null;
  messages?: StoredMessage[] | null;
  extensionData?: JsonValue;
}

export interface StateData extends JsonObject {
  conversationHistory?: StoredEntry[] | null;
  /** RFC 3339 time after which the session may be deleted. */
  expirationTimeUtc?: string | null;
}

/** The state of one session. */
export interface StateDocument extends JsonObject {
  schemaVersion: string;
  data: StateData;
}

/** The state of a session that has not begun. */
export function emptyState(version: FreshVersion = schemaVersion): StateDocument {
  const records = version === '2.0.0' ? { terminalResults: {}, completionReceipts: {} } : {};
  return { schemaVersion: version, data: { conversationHistory: [], ...records } };
}

export function historyOf(state: StateDocument): readonly StoredEntry[] {
  return state.data.conversationHistory ?? [];
}

/** A new document with more entries at the end. What is there already is taken over untouched. */
export function appendEntries(state: StateDocument, entries: readonly StoredEntry[]): StateDocument {
  return { ...state, data: { ...state.data, conversationHistory: [...historyOf(state), ...entries] } };
}
