import type { JsonObject, JsonValue } from '../json.ts';
import type { Usage } from './content.ts';
import type { ChatMessage } from './message.ts';

/** Why a run ended. */
export type FinishReason = 'stop' | 'length' | 'contentFilter' | 'toolCalls';

/** What one run of an agent produced: every message since the user's, tool calls and tool results included. */
export interface AgentResponse {
  /** Text of the last assistant message; empty if it has none. */
  text: string;
  messages: ChatMessage[];
  usage?: Usage;
  finishReason?: FinishReason;
  /** The parsed structured answer, if the run asked for one. */
  value?: JsonValue;
  /** Name of the agent that answered. */
  agentId?: string;
  responseId?: string;
  /** RFC 3339 time. */
  createdAt?: string;
  /** Facts about the run; `simulated: true` marks an answer of the offline model. */
  metadata?: JsonObject;
}
