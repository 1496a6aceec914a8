import type { Content } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { FinishReason } from '../agent/response.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { redactJson } from './redacting-logger.ts';

/*
 * Messages as the GenAI conventions write them into `gen_ai.input.messages` and `gen_ai.output.messages`: JSON text, as
 * span attributes hold no objects. Only for those who have switched content on; secrets are masked even then.
 */

/** Longest JSON of one attribute, in characters; exporters refuse or cut what is much longer. */
const maxLength = 65_536;

export function inputMessages(messages: readonly ChatMessage[]): string {
  return attribute(messages.map(messageJson));
}

export function outputMessages(messages: readonly ChatMessage[], finishReason: FinishReason): string {
  const reason = finishReasonName(finishReason);
  return attribute(messages.map((message) => ({ ...messageJson(message), finish_reason: reason })));
}

export function systemInstructions(messages: readonly ChatMessage[]): string {
  return attribute(messages.flatMap(({ contents }) => contents.map(partJson)));
}

export function jsonAttribute(value: JsonValue): string {
  return attribute(value);
}

/** The conventions' spelling of why a model stopped. */
export function finishReasonName(reason: FinishReason): string {
  return { stop: 'stop', length: 'length', contentFilter: 'content_filter', toolCalls: 'tool_call' }[reason];
}

function attribute(value: JsonValue): string {
  const json = JSON.stringify(redactJson(value));
  if (json.length <= maxLength) return json;
  return JSON.stringify({ truncated: true, characters: json.length });
}

function messageJson({ role, contents, authorName }: ChatMessage): JsonObject {
  return { role, parts: contents.map(partJson), ...(authorName !== undefined && { name: authorName }) };
}

function partJson(content: Content): JsonObject {
  switch (content.type) {
    case 'text':
      return { type: 'text', content: content.text };
    case 'reasoning':
      return { type: 'reasoning', content: content.text ?? '' };
    case 'functionCall':
      return { type: 'tool_call', id: content.callId, name: content.name, arguments: content.arguments ?? {} };
    case 'functionResult':
      return { type: 'tool_call_response', id: content.callId, response: content.result ?? null };
    case 'uri':
      return { type: 'uri', uri: content.uri, ...(content.mediaType && { mime_type: content.mediaType }) };
    // The bytes themselves would only fill the trace.
    case 'data':
      return { type: 'blob', ...(content.mediaType && { mime_type: content.mediaType }), size: content.uri.length };
    default:
      return { type: content.type };
  }
}
