import type { SessionKey } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { RunEnvelope } from './run-request.ts';

/** What replies say of their session and turn. */
export interface ReplyOptions {
  /** Also write `thread_id` and `x-ms-thread-id`, for callers of the first releases. */
  legacyThreadNames: boolean;
}

const migrationPage =
  'https://github.com/microsoft/agent-framework-durable-extension/blob/main/docs/features/durable-agents/http-api-camelcase-migration.md';

const deprecationHeaders: Readonly<Record<string, string>> = {
  deprecation: '@1789430400',
  link: `<${migrationPage}>; rel="deprecation"`,
  warning: '299 - "Old parameter names are deprecated: use sessionId and waitForResponse."',
};

/** Headers that every reply of the run endpoint has. */
export function envelopeHeaders(envelope: RunEnvelope, { legacyThreadNames }: ReplyOptions): Record<string, string> {
  const session = envelope.sessionKey === undefined ? undefined : headerForm(envelope.sessionKey);
  return {
    ...(session !== undefined && { 'x-ms-session-id': session }),
    ...(session !== undefined && legacyThreadNames && { 'x-ms-thread-id': session }),
    ...(envelope.usedOldNames && deprecationHeaders),
  };
}

/** The session in a JSON reply, under all its names. */
export function sessionFields(key: SessionKey | undefined, { legacyThreadNames }: ReplyOptions): JsonObject {
  if (key === undefined) return {};
  return { sessionId: key, session_id: key, ...(legacyThreadNames && { thread_id: key }) };
}

/** The turn in a JSON reply, under both names. */
export function correlationFields(correlationId: string | undefined): JsonObject {
  return correlationId === undefined ? {} : { correlationId, correlation_id: correlationId };
}

/**
 * A session id as a header can carry it: what is not a visible ASCII character is percent-encoded. Ids have no `%`
 * of their own, so decoding always gives the id back.
 */
export function headerForm(key: string): string {
  return key.replace(/[^\x21-\x7e]+/gu, (part) => encodeURIComponent(part));
}
