import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { AgentResponse } from '../agent/response.ts';
import type { JsonObject, JsonSchema } from '../json.ts';
import type { AgentFailure } from './answer.ts';
import { withoutUndefined } from './content-codec.ts';
import { extensionKey, type StoredEntry } from './entity-state.ts';
import { storeMessage } from './message-codec.ts';

/** What both entries of a turn share. */
export interface TurnFacts {
  correlationId: string;
  /** RFC 3339 time of the entry. */
  createdAt: string;
}

export interface RequestFacts extends TurnFacts {
  messages: readonly ChatMessage[];
  orchestrationId?: string | undefined;
  responseFormat?: JsonSchema | undefined;
}

/** The entry of what was asked. */
export function requestEntry(request: RequestFacts): StoredEntry {
  const { correlationId, createdAt, orchestrationId, responseFormat, messages } = request;
  return withoutUndefined({
    $type: 'request',
    correlationId,
    createdAt,
    orchestrationId,
    responseType: responseFormat === undefined ? 'text' : 'json',
    responseSchema: responseFormat,
    messages: messages.map(storeMessage),
  }) as StoredEntry;
}

/** The entry of a finished run. */
export function responseEntry(response: AgentResponse, facts: TurnFacts): StoredEntry {
  const { finishReason, value, metadata, responseId, agentId } = response;
  return entry(facts, response.messages, response.usage, {
    [extensionKey]: withoutUndefined({ finishReason, value, metadata, responseId, agentId }),
  });
}

export interface FailureFacts extends TurnFacts {
  failure: AgentFailure;
  /** What the run did before it failed: tool calls with their results. */
  messages: readonly ChatMessage[];
  usage?: Usage | undefined;
  authorName: string;
}

/** The entry of a failed run: the work it did, then the error as the last message. */
export function failureEntry(facts: FailureFacts): StoredEntry {
  const { failure, messages, usage, authorName, createdAt } = facts;
  const { code: errorCode, message, details, retryable, retryAfterMs } = failure;
  const error: ChatMessage = {
    role: 'assistant',
    authorName,
    createdAt,
    contents: [{ type: 'error', message, errorCode, ...(details !== undefined && { details }) }],
  };
  const extra = withoutUndefined({ retryable, retryAfterMs });
  return entry(facts, [...messages, error], usage, {
    isError: true,
    ...(Object.keys(extra).length > 0 && { [extensionKey]: extra }),
  });
}

function entry(
  { correlationId, createdAt }: TurnFacts,
  messages: readonly ChatMessage[],
  usage: Usage | undefined,
  extensionData: JsonObject,
): StoredEntry {
  return withoutUndefined({
    $type: 'response',
    correlationId,
    createdAt,
    usage,
    messages: messages.map(storeMessage),
    extensionData,
  }) as StoredEntry;
}
