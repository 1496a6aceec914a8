import type { Agent } from '../agent/agent.ts';
import { approvalNeed } from '../agent/approval-need.ts';
import type { RunOptions, ToolCallRequest } from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';
import { performModelCall, performToolCall } from '../agent/perform-effect.ts';
import { repairConversation } from '../agent/repair-conversation.ts';
import { resolveAgent, resolveFor } from '../agent/resolve-tools.ts';
import type { RunContext } from '../agent/run-context.ts';
import { modelRequest, type ToolFacts } from '../agent/run-loop.ts';
import type { AnyTool } from '../agent/tool.ts';
import { toolError } from '../agent/tool-error.ts';
import { readBookkeeping } from '../entity/session-bookkeeping.ts';
import { turnConversation } from '../entity/turn-queue.ts';
import { DurableAgentError, ModelError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { parseState } from '../state/codec.ts';
import { writeModelOutcome, writeToolList } from './step-outcome.ts';

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
  try {
    const resolved = await resolveAgent(agent, context);
    const request = modelRequest(resolved, options, messages, input.iteration);
    return writeModelOutcome(await performModelCall(resolved, request, context));
  } catch (error) {
    if (!DurableAgentError.is(error)) throw error;
    return writeModelOutcome({ ok: false, error });
  }
}

/** Runs one tool call of a turn. A failure is a result. */
export async function runToolStep(agent: Agent, call: JsonObject, context: RunContext): Promise<JsonValue> {
  const request = call as unknown as ToolCallRequest;
  try {
    return await performToolCall(await resolveFor(agent, [request.name], context), request, context);
  } catch (error) {
    if (!DurableAgentError.is(error)) throw error;
    return toolError('toolFailed', `Tool "${request.name}" was not called. ${error.message}`);
  }
}

/** The tools of a run, as its loop knows them: recorded once, so that a change of a source does not change a replay. */
export async function runToolListStep(agent: Agent, context: RunContext): Promise<JsonObject> {
  try {
    const { tools } = await resolveAgent(agent, context);
    return writeToolList(toolFacts(tools));
  } catch (error) {
    if (!DurableAgentError.is(error)) throw error;
    return writeToolList(error);
  }
}

/** What the run loop needs of tools, as JSON. Descriptions and schemas are the model step's affair. */
export function toolFacts(tools: readonly AnyTool[]): ToolFacts[] {
  return tools.map(({ name, needsApproval }) => ({
    name,
    description: '',
    parametersJsonSchema: {},
    needsApproval: needsApproval !== false,
  }));
}

/** Which of the calls need approval, in their order. */
export async function runApprovalStep(agent: Agent, calls: JsonValue, context: RunContext): Promise<JsonValue> {
  const asked = calls as unknown as ToolCallRequest[];
  const names = asked.map(({ name }) => name);
  const resolved = await resolveFor(agent, names, context);
  return Promise.all(asked.map((call) => approvalNeed(resolved, call))) as Promise<unknown> as Promise<JsonValue>;
}
