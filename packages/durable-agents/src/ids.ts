import { randomBytes } from 'node:crypto';
import { RequestError } from './errors.ts';

declare const brand: unique symbol;

/** The public name of a conversation: what callers send, get back, and see in logs. Case-sensitive. */
export type SessionKey = string & { readonly [brand]: 'SessionKey' };

/** A session with its agent, as the durable backend writes it: `@dafx-{agent}@{key}`. */
export type AgentSessionId = string & { readonly [brand]: 'AgentSessionId' };

/** Names one turn of a session. */
export type CorrelationId = string & { readonly [brand]: 'CorrelationId' };

const entityPrefix = 'dafx-';

/** The orchestration that a turn with step durability runs as. */
export const turnOrchestratorName = 'dafx-turn';

/** Begins the instance ids of turns that sessions have started; those that an app's orchestration called have others. */
export const turnInstancePrefix = 'dafx-turn-';

/** Longest session id, in code points. */
const maxKeyLength = 256;

/** Why these: `@` parts entity ids; the others have a meaning in URLs or are not allowed in storage keys. */
const forbiddenInKeys = /[@/\\#?%]/;
const controlCharacter = /\p{Cc}/u;
const loneSurrogate = /\p{Surrogate}/u;
/** Path segments that URLs swallow, and the durable API's spelling of the empty key. */
const reservedKeys = new Set(['.', '..', '$']);

/** The rule for session ids, in words for people. */
export const sessionKeyRule =
  'A session id has 1 to 256 characters, is not blank, has no control characters, no unpaired surrogates and none of ' +
  '@ / \\ # ? %, and is not ".", ".." or "$".';

/**
 * Checks a session id given by a caller. An id that passes works everywhere: in URLs, headers, entity ids and storage.
 *
 * @throws RequestError `invalidSessionId` (400) with the rule in words.
 */
export function checkSessionKey(key: string): SessionKey {
  const valid =
    key.trim() !== '' &&
    [...key].length <= maxKeyLength &&
    !forbiddenInKeys.test(key) &&
    !controlCharacter.test(key) &&
    !loneSurrogate.test(key) &&
    !reservedKeys.has(key);
  if (!valid) throw new RequestError('invalidSessionId', 400, `This session id cannot be used. ${sessionKeyRule}`);
  return key as SessionKey;
}

/** A random session id: 32 hexadecimal digits, 128 random bits. */
export function newSessionKey(): SessionKey {
  return randomHex() as SessionKey;
}

/**
 * A new correlation id: a UUID of version 7 without hyphens, 32 hexadecimal digits. It tells when it was made, so that
 * one which no session knows yet can be told from one that never was.
 */
export function newCorrelationId(): CorrelationId {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex') as CorrelationId;
}

function randomHex(): string {
  return randomBytes(16).toString('hex');
}

/** The name of the entity behind an agent, in the lower case that durable backends use for ids. */
export function entityName(agentName: string): string {
  return `${entityPrefix}${agentName.toLowerCase()}`;
}

/** The name under which the entity function is registered: keeps the agent's spelling for people. */
export function entityFunctionName(agentName: string): string {
  return `${entityPrefix}${agentName}`;
}

/** `@dafx-{agent}@{key}`, with the agent's name in lower case. */
export function formatSessionId(agentName: string, key: SessionKey): AgentSessionId {
  return `@${entityName(agentName)}@${key}` as AgentSessionId;
}

/**
 * Reads `@dafx-{agent}@{key}` and the short form `@{agent}@{key}`. The agent's name comes back as it was written.
 *
 * @throws RequestError `invalidSessionId` (400).
 */
export function parseSessionId(text: string): { agentName: string; key: SessionKey } {
  const match = /^@(?:dafx-)?([^@]+)@(.*)$/isu.exec(text);
  const [, agentName, key] = match ?? [];
  if (agentName === undefined || key === undefined) {
    throw new RequestError('invalidSessionId', 400, 'A full session id is written @{agent}@{session id}.');
  }
  return { agentName, key: checkSessionKey(key) };
}
