import type { Usage } from '../agent/content.ts';
import { type ChatMessage, messageText } from '../agent/message.ts';
import type { AgentResponse, FinishReason } from '../agent/response.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { readUsage, withoutUndefined } from './content-codec.ts';
import type { StoredMessage } from './entity-state.ts';
import { readMessages, storeMessage } from './message-codec.ts';
import { isObject } from './stored-fields.ts';

/** An agent's response as it travels between entity, orchestration and caller: plain JSON, contents with `$type`. */
export function writeResponse(response: AgentResponse): JsonObject {
  const { messages, text: _, ...facts } = response;
  return { messages: messages.map(storeMessage), ...withoutUndefined({ ...facts }) };
}

/** The response behind its JSON form. Other runtimes' fields that we do not know are left out. */
export function readResponse(json: JsonObject): AgentResponse {
  const messages = readMessages(json.messages as StoredMessage[] | undefined);
  const response: AgentResponse = { text: answerText(messages), messages };
  for (const name of ['agentId', 'responseId', 'createdAt'] as const) {
    const value = json[name];
    if (typeof value === 'string') response[name] = value;
  }
  const { finishReason, usage, metadata, value } = json;
  if (typeof finishReason === 'string') response.finishReason = finishReason as FinishReason;
  if (isObject(usage)) response.usage = readUsage(usage as JsonObject) as Usage;
  if (isObject(metadata)) response.metadata = metadata as JsonObject;
  // Presence counts: null, false and 0 are values too.
  if (value !== undefined) response.value = value as JsonValue;
  return response;
}

/** Text of the last assistant message. */
function answerText(messages: readonly ChatMessage[]): string {
  const last = messages.findLast((message) => message.role === 'assistant');
  return last === undefined ? '' : messageText(last);
}
