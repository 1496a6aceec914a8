import type { DurableAgentError } from '../errors.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import type { ChatRequest, ChatResponse } from '../model/chat-client.ts';
import type { Usage } from './content.ts';
import type { ChatMessage } from './message.ts';
import type { AgentResponse } from './response.ts';

/** A tool call that the loop wants done. Plain JSON. */
export interface ToolCallRequest {
  callId: string;
  name: string;
  arguments?: JsonObject | string;
  /** Number of the model call that asked for it, from 1. With `index`, the call's stable place in the run. */
  iteration: number;
  /** Place among the calls of that answer, from 0. */
  index: number;
}

/** What the run loop asks of its driver. Effects are plain JSON, so that a driver can checkpoint them. */
export type AgentEffect =
  /** `tail` is what the request has after the conversation that the run began with. */
  | { type: 'callModel'; iteration: number; request: ChatRequest; tail: ChatMessage[] }
  /** Calls of tools that may need a person's approval; the driver knows, and asks where it does. */
  | { type: 'approveCalls'; iteration: number; calls: ToolCallRequest[] }
  | { type: 'callTools'; iteration: number; calls: ToolCallRequest[] };

/** What became of a call that may need approval. */
export type CallDecision =
  | { status: 'notNeeded' }
  /** With `arguments`, the call is made with these instead of the model's. */
  | { status: 'approved'; arguments?: JsonObject }
  | { status: 'rejected'; reason?: string }
  | { status: 'expired' };

export type ModelOutcome = { ok: true; value: ChatResponse } | { ok: false; error: DurableAgentError };

/** What a driver hands back: the `type` of the effect, and its result. */
export type AgentEffectResult =
  | { type: 'callModel'; outcome: ModelOutcome }
  /** One decision a call, in the order of the calls. */
  | { type: 'approveCalls'; decisions: CallDecision[] }
  /** One JSON result a call, in the order of the calls; a call that failed has an error result. */
  | { type: 'callTools'; results: JsonValue[] };

/** What one run may do. */
export interface RunOptions {
  /** Whether the model may call tools. Default: true. */
  enableToolCalls?: boolean | undefined;
  /** Names of the tools that it may call. Default (also null): all of the agent's. */
  enableToolNames?: readonly string[] | null | undefined;
  /** JSON Schema of a structured answer. The answer is then parsed into `response.value`. */
  responseFormat?: JsonSchema | undefined;
  /** Ids of tool calls in the conversation, which new calls must not have. Default: found in the conversation. */
  callIds?: readonly string[] | undefined;
}

/**
 * How a run ended. A failed run keeps the messages it produced, tool calls with their results included: what a tool
 * did must not be forgotten. In both cases every tool call in the messages has exactly one result.
 */
export type RunOutcome =
  | { status: 'completed'; response: AgentResponse }
  | { status: 'failed'; error: DurableAgentError; messages: ChatMessage[]; usage?: Usage };
