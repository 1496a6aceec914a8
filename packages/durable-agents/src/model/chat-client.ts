import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { FinishReason } from '../agent/response.ts';
import type { JsonObject, JsonSchema } from '../json.ts';

/** A tool as a model sees it. */
export interface ToolDeclaration {
  name: string;
  description: string;
  parameters: JsonSchema;
}

/** Sampling and other options passed through to the model; unknown keys go to the provider as they are. */
export interface ChatOptions {
  temperature?: number;
  topP?: number;
  maxOutputTokens?: number;
  stop?: string[];
  seed?: number;
  reasoningEffort?: string;
  toolChoice?: 'auto' | 'none' | 'required';
  /** Provider-specific fields, merged into the request body. */
  extra?: JsonObject;
}

export interface ChatRequest {
  /** Instructions first (role system), then the conversation. */
  messages: ChatMessage[];
  tools: ToolDeclaration[];
  /** JSON Schema that the answer's text must satisfy. */
  responseFormat?: JsonSchema;
  options: ChatOptions;
}

export interface ChatResponse {
  messages: ChatMessage[];
  finishReason: FinishReason;
  usage?: Usage;
  responseId?: string;
  modelId?: string;
}

/**
 * One piece of an answer that is being written. Texts join to the whole without separator; a delta never ends inside a
 * character. The last update, and only that, is the whole response.
 */
export type ChatUpdate =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  /** The model began to call a tool. */
  | { type: 'functionCall'; callId: string; name: string }
  /** A piece of the JSON text of a call's arguments. */
  | { type: 'functionArguments'; callId: string; delta: string }
  | { type: 'response'; response: ChatResponse };

export interface ChatCallContext {
  /** Aborted when the caller's budget is spent or the host stops. */
  signal: AbortSignal;
}

/** What a model provider must fill in. Implementations throw {@link ModelError} and nothing else. */
export interface ChatClient {
  /** Provider name for logs and answers, such as "openai" or "offline". */
  readonly provider: string;
  /** Model or deployment name, where known. */
  readonly modelId: string | undefined;
  /** True if answers are made up locally, with no model behind them. Shown to every caller. */
  readonly simulated: boolean;
  /**
   * Names what a rate limit of the server is for, such as its address and the model: clients with the same text slow
   * down together. Default: each client by itself.
   */
  readonly rateLimitKey?: string | undefined;
  complete(request: ChatRequest, context: ChatCallContext): Promise<ChatResponse>;
  /**
   * The same answer, piece by piece. Ends with exactly one `response` update, or throws: a stream that breaks off is a
   * ModelError `modelUnavailable` and never a second request behind the caller's back.
   */
  stream?(request: ChatRequest, context: ChatCallContext): AsyncIterable<ChatUpdate>;
}
