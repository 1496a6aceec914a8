import type { Agent } from '../agent/agent.ts';
import { approvalNeed } from '../agent/approval-need.ts';
import { callModel } from '../agent/call-model.ts';
import type { RunOptions, ToolCallRequest } from '../agent/effects.ts';
import { executeToolCall } from '../agent/execute-tool-call.ts';
import type { ChatMessage } from '../agent/message.ts';
import { repairConversation } from '../agent/repair-conversation.ts';
import type { RunContext } from '../agent/run-context.ts';
import { modelRequest } from '../agent/run-loop.ts';
import { readBookkeeping } from '../entity/session-bookkeeping.ts';
import { turnConversation } from '../entity/turn-queue.ts';
import { ModelError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { parseState } from '../state/codec.ts';
import { writeModelOutcome } from './step-outcome.ts';

/** The input of the activity that calls a model: where it is in the run, and what came after the conversation. */
export interface ModelStepInput extends JsonObject {
  agentName: string;
  sessionKey: string;
  correlationId: string;
  options: JsonObject;
  iteration: number;
  tail: JsonValue;
}

/**
 * Calls the model for one iteration of a turn. The conversation is read from the session: it does not change while
 * the turn is on, and so it need not be in every step's record.
 *
 * @param storedState the session's committed state
 */
export async function runModelStep(
  agent: Agent,
  input: ModelStepInput,
  storedState: unknown,
  context: RunContext,
): Promise<JsonObject> {
  const state = parseState(storedState);
  const active = readBookkeeping(state).turns.active;
  if (active?.correlationId !== input.correlationId) {
    const error = new ModelError('modelAborted', 'The turn is over: its session does not wait for it any more.');
    return writeModelOutcome({ ok: false, error });
  }
  const conversation = repairConversation(turnConversation(state, active.request, active.startedAt));
  const messages = [...conversation, ...(input.tail as unknown as ChatMessage[])];
  const options = input.options as RunOptions;
  return writeModelOutcome(await callModel(agent, modelRequest(agent, options, messages, input.iteration), context));
}

/** Runs one tool call of a turn. A failure is a result. */
export function runToolStep(agent: Agent, call: JsonObject, context: RunContext): Promise<JsonValue> {
  return executeToolCall(agent, call as unknown as ToolCallRequest, context);
}

/** Which of the calls need approval, in their order. */
export function runApprovalStep(agent: Agent, calls: JsonValue): Promise<JsonValue> {
  const asked = calls as unknown as ToolCallRequest[];
  return Promise.all(asked.map((call) => approvalNeed(agent, call))) as Promise<unknown> as Promise<JsonValue>;
}
