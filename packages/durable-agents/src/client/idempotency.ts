import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ChatMessage } from '../agent/message.ts';
import { RequestError } from '../errors.ts';
import type { CorrelationId, SessionKey } from '../ids.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { storeMessage } from '../state/message-codec.ts';

/**
 * The turn that an idempotency key stands for: the same key, agent and session give the same turn, so a request that
 * is sent again finds the first one's outcome. Without a session the key names that too.
 */
export function turnOfKey(
  agentName: string,
  sessionKey: SessionKey | undefined,
  key: string,
): { sessionKey: SessionKey; correlationId: CorrelationId } {
  const agent = agentName.toLowerCase();
  const session = sessionKey ?? (`key-${digest(['session', agent, key])}` as SessionKey);
  return { sessionKey: session, correlationId: digest(['turn', agent, session, key]) as CorrelationId };
}

/** @throws RequestError `idempotencyConflict` (409) if the turn was asked something else before. */
export function assertSameRequest(state: StateDocument, correlationId: string, messages: readonly ChatMessage[]): void {
  const asked = historyOf(state).findLast(
    (entry) => entry.$type === 'request' && entry.correlationId === correlationId,
  )?.messages;
  // A turn whose request is gone, was not kept because it did not fit, or began elsewhere, cannot be compared.
  if (!Array.isArray(asked) || asked.length === 0) return;
  const contents = (list: readonly { contents?: unknown }[]) => list.map((message) => message.contents ?? []);
  if (isDeepStrictEqual(plain(contents(asked)), plain(contents(messages.map(storeMessage))))) return;
  throw new RequestError(
    'idempotencyConflict',
    409,
    'This idempotency key was used for another message. Send a new key with a new message.',
  );
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
