import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { FinishReason } from '../agent/response.ts';
import type { JsonValue } from '../json.ts';

/** What an agent sends on to the executors behind it. */
export interface AgentAnswer<Value = JsonValue> {
  /** The node that answered. */
  executorId: string;
  text: string;
  /** The structured answer, if the node asks for one. */
  value?: Value;
  usage?: Usage;
  finishReason?: FinishReason;
  /** What the agent produced in this turn: tool calls and results included. */
  messages: ChatMessage[];
  /** The conversation before it. */
  history: ChatMessage[];
}

/** Messages for an agent, with the choice to let it only take note of them. */
export interface AgentRequest {
  messages: ChatMessage[];
  /** False: the agent keeps them for its next turn. Default: true. */
  shouldRespond?: boolean;
}

type OneInput = string | ChatMessage | AgentRequest | AgentAnswer<unknown>;

/** What an agent takes in a graph: a text, messages, a request, the answer of another agent, or a list of these. */
export type AgentInput = OneInput | readonly OneInput[];

/** The whole conversation up to and including an answer. */
export function conversationOf(answer: Pick<AgentAnswer, 'history' | 'messages'>): ChatMessage[] {
  return [...answer.history, ...answer.messages];
}

export function isChatMessage(value: unknown): value is ChatMessage {
  const message = value as Partial<ChatMessage> | null;
  return typeof message === 'object' && typeof message?.role === 'string' && Array.isArray(message.contents);
}

export function isAgentAnswer(value: unknown): value is AgentAnswer {
  const answer = value as Partial<AgentAnswer> | null;
  return (
    typeof answer === 'object' &&
    typeof answer?.executorId === 'string' &&
    typeof answer.text === 'string' &&
    isMessages(answer.messages) &&
    isMessages(answer.history)
  );
}

export function isAgentRequest(value: unknown): value is AgentRequest {
  const request = value as Partial<AgentRequest> | null;
  return typeof request === 'object' && isMessages(request?.messages) && !('history' in (request as object));
}

function isMessages(value: unknown): value is ChatMessage[] {
  return Array.isArray(value) && value.every(isChatMessage);
}
