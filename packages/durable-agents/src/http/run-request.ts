import type { ChatMessage, Role } from '../agent/message.ts';
import { textMessage } from '../agent/message.ts';
import { RequestError } from '../errors.ts';
import type { SessionKey } from '../ids.ts';
import type { JsonSchema } from '../json.ts';
import { isObject } from '../state/stored-fields.ts';
import { type FieldSource, readSession, readWait, usesOldNames } from './aliases.ts';
import { readFlag } from './flag.ts';
import { parseJsonBody } from './json-body.ts';
import { bodyKind, replyKind } from './media-type.ts';
import type { ReplyKind } from './reply.ts';

/** A request to the run endpoint, as any host can hand it over. */
export interface RawRequest {
  /** A header's value, whatever the case of its name; `null` if absent. */
  header(name: string): string | null;
  query: URLSearchParams;
  /** Reads the body; rejects with RequestError `bodyTooLarge` as soon as there is more than `maxBytes`. */
  readBody(maxBytes: number): Promise<Uint8Array>;
}

export interface RunRequestRules {
  /** Roles that callers may give to their message. Default for apps: only `user`. */
  allowedRoles: readonly Role[];
  /** Longest body in bytes. */
  maxBodyBytes: number;
}

/** A request that has been understood. */
export interface HttpRunRequest {
  message: ChatMessage;
  /** The message's text, echoed in replies. */
  text: string;
  wait: boolean;
  /** From the header `Idempotency-Key`. */
  idempotencyKey?: string | undefined;
  responseFormat?: JsonSchema | undefined;
  enableToolCalls?: boolean | undefined;
}

/** What every reply needs to know of its request, also when the request is refused. */
export interface RunEnvelope {
  kind: ReplyKind;
  usedOldNames: boolean;
  /** The session that the request named, once it is known to be usable. */
  sessionKey?: SessionKey | undefined;
}

export type ParsedRunRequest = { envelope: RunEnvelope } & ({ request: HttpRunRequest } | { error: unknown });

/** Reads a run request. What is wrong with it comes back as `error`, with what the reply to it needs. */
export async function parseRunRequest(raw: RawRequest, rules: RunRequestRules): Promise<ParsedRunRequest> {
  const envelope = envelopeOf(raw);
  try {
    return { envelope, request: await read(raw, rules, envelope) };
  } catch (error) {
    return { envelope, error };
  }
}

/** The envelope of a request of which only the headers have been looked at. */
export function envelopeOf(raw: Pick<RawRequest, 'header'>): RunEnvelope {
  return { kind: replyKind(raw.header('content-type'), raw.header('accept')), usedOldNames: false };
}

async function read(raw: RawRequest, rules: RunRequestRules, envelope: RunEnvelope): Promise<HttpRunRequest> {
  const query: FieldSource = { name: 'query', values: (field) => raw.query.getAll(field) };
  // A first look at the query alone: the body may turn out to be unreadable.
  envelope.usedOldNames = usesOldNames([query]);
  envelope.sessionKey = readSession([query]);
  const kind = bodyKind(raw.header('content-type'));
  if (kind === 'unsupported') {
    const fix = 'Send application/json, or text/plain with the message as the whole body.';
    throw new RequestError('unsupportedMediaType', 415, 'This content type is not supported.', { fix });
  }
  const bytes = await raw.readBody(rules.maxBodyBytes);
  const fields = kind === 'json' ? readFields(bytes) : { message: new TextDecoder().decode(bytes).trim() };
  const body: FieldSource = {
    name: 'body',
    values: (field) => (Object.hasOwn(fields, field) ? [(fields as Record<string, unknown>)[field]] : []),
  };
  envelope.usedOldNames = usesOldNames([query, body]);
  envelope.sessionKey = undefined;
  envelope.sessionKey = readSession([query, body]);
  const wait = readWait(raw.header('x-ms-wait-for-response'), [query, body]);
  const role = readRole(fields, rules.allowedRoles);
  const text = readMessage(fields);
  return {
    message: textMessage(role, text),
    text,
    wait,
    idempotencyKey: readIdempotencyKey(raw.header('idempotency-key')),
    responseFormat: readResponseFormat(fields),
    enableToolCalls: readFlag(own(fields, 'enable_tool_calls'), 'enable_tool_calls'),
  };
}

function readIdempotencyKey(value: string | null): string | undefined {
  if (value === null) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(value)) return value;
  throw new RequestError(
    'invalidIdempotencyKey',
    400,
    'The header Idempotency-Key must have 1 to 255 visible ASCII characters and no spaces.',
  );
}

function readFields(body: Uint8Array): Record<string, unknown> {
  // An empty body has no message; the reply should say that, and not talk of syntax.
  if (body.byteLength === 0) return {};
  const value = parseJsonBody(body);
  if (isObject(value)) return value;
  const fix = 'Send {"message": "…"}.';
  throw new RequestError('invalidBody', 400, 'The JSON body must be an object.', { fix });
}

function readMessage(fields: Record<string, unknown>): string {
  const message = own(fields, 'message');
  if (typeof message === 'string' && message.trim() !== '') return message;
  throw new RequestError('invalidMessage', 400, 'The field "message" must be a text that is not blank.');
}

function readRole(fields: Record<string, unknown>, allowedRoles: readonly Role[]): Role {
  const role = own(fields, 'role') ?? 'user';
  const allowed = allowedRoles.find((candidate) => typeof role === 'string' && candidate === role.trim().toLowerCase());
  if (allowed !== undefined) return allowed;
  const message = `The field "role" must be ${allowedRoles.map((candidate) => `"${candidate}"`).join(' or ')}.`;
  throw new RequestError('roleNotAllowed', 400, message);
}

function readResponseFormat(fields: Record<string, unknown>): JsonSchema | undefined {
  const format = own(fields, 'response_format') ?? undefined;
  if (format === undefined || isObject(format)) return format as JsonSchema | undefined;
  throw new RequestError('invalidResponseFormat', 400, 'The field "response_format" must be a JSON Schema object.');
}

function own(fields: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
