import { type ChatMessage, type Role, textMessage } from '../agent/message.ts';
import { RequestError } from '../errors.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import { checkContent } from '../state/codec.ts';
import { withoutUndefined } from '../state/content-codec.ts';
import type { StoredMessage } from '../state/entity-state.ts';
import { readMessage, storeMessage } from '../state/message-codec.ts';
import { isObject } from '../state/stored-fields.ts';

/** What the operation `run` of a session is asked to do. */
export interface RunRequest {
  /** Names the turn; a request with the id of an answered one gets that answer. */
  correlationId: string;
  messages: ChatMessage[];
  /** JSON Schema of a structured answer. */
  responseFormat?: JsonSchema | undefined;
  /** Whether the model may call tools. Default: true. */
  enableToolCalls?: boolean | undefined;
  /** Names of the tools it may call. Default: all. */
  enableToolNames?: readonly string[] | undefined;
  /** Who asks, as the app sees it; for tools. */
  caller?: JsonValue | undefined;
  /** The orchestration that asked. */
  orchestrationId?: string | undefined;
  /** The caller's place in a trace (W3C Trace Context). */
  traceContext?: JsonObject | undefined;
}

/** The request as it is sent to the entity. */
export function writeRunRequest(request: RunRequest): JsonObject {
  return withoutUndefined({ ...request, messages: request.messages.map(storeMessage) });
}

/**
 * Reads a request of any of the official runtimes: `messages[]` (which wins) or one `message` with a `role`, camelCase
 * or snake_case options, as an object or as its JSON text.
 *
 * @throws RequestError `invalidRequest` (400) that names the field.
 */
export function readRunRequest(input: unknown): RunRequest {
  const request = typeof input === 'string' ? parseText(input) : input;
  if (!isObject(request)) throw invalid('The request', 'an object');
  const { correlationId, orchestrationId } = request;
  if (typeof correlationId !== 'string' || correlationId === '') throw invalid('correlationId', 'a text');
  const names = request.enableToolNames ?? undefined;
  if (names !== undefined && !isTextList(names)) throw invalid('enableToolNames', 'a list of texts');
  return {
    correlationId,
    messages: readRequestMessages(request),
    responseFormat: readResponseFormat(request),
    enableToolCalls: readFlag(request.enableToolCalls ?? request.enable_tool_calls ?? undefined),
    enableToolNames: names,
    ...(request.caller !== undefined && { caller: request.caller as JsonValue }),
    orchestrationId: typeof orchestrationId === 'string' ? orchestrationId : undefined,
    ...(isObject(request.traceContext) && { traceContext: request.traceContext as JsonObject }),
  };
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('The request', 'a JSON object');
  }
}

function readRequestMessages(request: Record<string, unknown>): ChatMessage[] {
  const { messages, message, role } = request;
  if (messages === undefined || messages === null) {
    if (message === undefined || message === null) return [];
    if (typeof message !== 'string') throw invalid('message', 'a text');
    return [textMessage(typeof role === 'string' ? (role.toLowerCase() as Role) : 'user', message)];
  }
  if (!Array.isArray(messages)) throw invalid('messages', 'a list');
  return messages.map((stored, index) => readRequestMessage(stored, `messages[${index}]`));
}

function readRequestMessage(stored: unknown, path: string): ChatMessage {
  if (!isObject(stored)) throw invalid(path, 'an object');
  const contents = stored.contents ?? [];
  if (!Array.isArray(contents) || !contents.every(isObject)) throw invalid(`${path}.contents`, 'a list of contents');
  try {
    for (const [index, content] of contents.entries()) checkContent(content, `${path}.contents[${index}]`);
  } catch (cause) {
    throw invalid(`${path}.contents`, 'a list of contents', cause);
  }
  const message = typeof stored.role === 'string' ? readMessage(stored as StoredMessage) : undefined;
  if (message === undefined) throw invalid(`${path}.role`, 'user, assistant, system, tool or developer');
  return message;
}

/** A bare JSON Schema, or the .NET form that wraps it: `{"$type":"json","schema":{…}}`. */
function readResponseFormat(request: Record<string, unknown>): JsonSchema | undefined {
  const format = request.responseFormat ?? request.response_format ?? undefined;
  if (format === undefined) return request.request_response_format === 'json' ? { type: 'object' } : undefined;
  if (!isObject(format)) throw invalid('responseFormat', 'a JSON Schema');
  // A class of another runtime's program; there is nothing here that it could name.
  if ('__response_schema_type__' in format) throw invalid('response_format', 'a JSON Schema, not a Python model');
  if (format.$type === 'text') return undefined;
  if (format.$type === 'json') return isObject(format.schema) ? (format.schema as JsonSchema) : { type: 'object' };
  return format as JsonSchema;
}

function readFlag(value: unknown): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw invalid('enableToolCalls', 'true or false');
  return value;
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function invalid(what: string, expected: string, cause?: unknown): RequestError {
  return new RequestError('invalidRequest', 400, `${what} must be ${expected}.`, { cause });
}
