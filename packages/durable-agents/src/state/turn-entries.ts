import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { AgentResponse } from '../agent/response.ts';
import type { JsonObject, JsonSchema } from '../json.ts';
import type { AgentFailure } from './answer.ts';
import { withoutUndefined } from './content-codec.ts';
import { extensionKey, type StoredEntry, type StoredMessage } from './entity-state.ts';
import { storeMessage } from './message-codec.ts';

/** Writes a message in the form of the document's schema. Default: that of 1.1. */
export type StoreMessage = (message: ChatMessage) => StoredMessage;

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
export function requestEntry(request: RequestFacts, store: StoreMessage = storeMessage): StoredEntry {
  const { correlationId, createdAt, orchestrationId, responseFormat, messages } = request;
  return withoutUndefined({
    $type: 'request',
    correlationId,
    createdAt,
    orchestrationId,
    responseType: responseFormat === undefined ? 'text' : 'json',
    responseSchema: responseFormat,
    messages: messages.map((message) => store(message)),
  }) as StoredEntry;
}

/** The entry of a finished run. */
export function responseEntry(
  response: AgentResponse,
  facts: TurnFacts,
  store: StoreMessage = storeMessage,
): StoredEntry {
  const { finishReason, value, metadata, responseId, agentId } = response;
  return entry(
    facts,
    response.messages.map((message) => store(message)),
    response.usage,
    {
      [extensionKey]: withoutUndefined({ finishReason, value, metadata, responseId, agentId }),
    },
  );
}

export interface FailureFacts extends TurnFacts {
  failure: AgentFailure;
  /** What the run did before it failed: tool calls with their results. */
  messages: readonly ChatMessage[];
  usage?: Usage | undefined;
  authorName: string;
}

/** The entry of a failed run: the work it did, then the error as the last message. */
export function failureEntry(facts: FailureFacts, store: StoreMessage = storeMessage): StoredEntry {
  const { failure, messages, usage, authorName, createdAt } = facts;
  const { code: errorCode, message, details, retryable, retryAfterMs } = failure;
  const error: ChatMessage = {
    role: 'assistant',
    authorName,
    createdAt,
    contents: [{ type: 'error', message, errorCode, ...(details !== undefined && { details }) }],
  };
  const extra = withoutUndefined({ retryable, retryAfterMs });
  return entry(
    facts,
    [...messages, error].map((message) => store(message)),
    usage,
    {
      isError: true,
      ...(Object.keys(extra).length > 0 && { [extensionKey]: extra }),
    },
  );
}

function entry(
  { correlationId, createdAt }: TurnFacts,
  messages: StoredMessage[],
  usage: Usage | undefined,
  extensionData: JsonObject,
): StoredEntry {
  return withoutUndefined({
    $type: 'response',
    correlationId,
    createdAt,
    usage,
    messages,
    extensionData,
  }) as StoredEntry;
}
