import { AgentRunError, type DurableAgentError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { ChatClient, ChatOptions, ChatRequest, ChatResponse } from '../model/chat-client.ts';
import { wrapSchema } from '../model/structured-schema.ts';
import type { FunctionCallContent, Usage } from './content.ts';
import type {
  AgentEffect,
  AgentEffectResult,
  CallDecision,
  ModelOutcome,
  RunOptions,
  RunOutcome,
  ToolCallRequest,
} from './effects.ts';
import { type ChatMessage, textMessage } from './message.ts';
import { answerProblem, type ModelAnswer, readAnswer, salvage } from './model-answer.ts';
import { repairConversation } from './repair-conversation.ts';
import type { AgentResponse } from './response.ts';
import { readStructured } from './structured-answer.ts';
import type { AnyTool } from './tool.ts';
import { toolError, unknownToolError } from './tool-error.ts';
import { addUsage } from './usage.ts';

/** What the loop needs to know of a tool. */
export type ToolFacts = Pick<AnyTool, 'name' | 'description' | 'parametersJsonSchema'> & {
  /** `false` for a tool whose calls never need approval. */
  readonly needsApproval: unknown;
};

/** What the loop needs to know of an agent. An `Agent` is one. */
export interface AgentFacts {
  readonly name: string;
  readonly instructions: string | undefined;
  readonly tools: readonly ToolFacts[];
  readonly model: Pick<ChatClient, 'provider' | 'modelId' | 'simulated'>;
  readonly options: ChatOptions;
  readonly maxIterations: number;
  /** How often a structured answer that does not fit is asked for again. */
  readonly maxStructuredRetries: number;
}

type Steps<Result> = Generator<AgentEffect, Result, AgentEffectResult>;

/**
 * One run of an agent: model ⇄ tools until there is an answer. Invariants:
 * R1 pure: no I/O, clock or random; the same results give the same effects and the same outcome.
 * R2 every tool call in the outcome's messages has exactly one result, with its id, in the order of the calls.
 * R3 a tool that the run does not offer is never handed to the driver.
 * R4 success means text: an empty, refused or cut-off answer is a failure.
 */
export function* runLoop(
  agent: AgentFacts,
  conversation: readonly ChatMessage[],
  options: RunOptions = {},
): Steps<RunOutcome> {
  const history = repairConversation(conversation);
  const callIds = new Set(options.callIds ?? collectCallIds(history));
  const tools = offeredTools(agent, options);
  const produced: ChatMessage[] = [];
  /** An answer that did not fit its schema, and what is wrong with it: for the model, not for the record. */
  let correction: ChatMessage[] = [];
  let corrections = 0;
  let usage: Usage | undefined;
  const failed = (error: DurableAgentError): RunOutcome => ({
    status: 'failed',
    error,
    messages: produced,
    ...(usage && { usage }),
  });

  for (let iteration = 1; iteration <= agent.maxIterations; iteration++) {
    const tail = [...produced, ...correction];
    const outcome = yield* callModel(iteration, modelRequest(agent, options, [...history, ...tail], iteration), tail);
    if (!outcome.ok) return failed(outcome.error);
    const response = outcome.value;
    usage = addUsage(usage, response.usage);
    const answer = readAnswer(response, agent.name, iteration, callIds);
    const problem = answerProblem(response, answer);
    if (problem !== undefined) {
      produced.push(...salvage(response, answer));
      return failed(problem);
    }
    produced.push(answer.message);
    if (answer.calls.length === 0) {
      const completed = completedResponse(agent, response, answer, produced, usage);
      if (options.responseFormat === undefined) return { status: 'completed', response: completed };
      const parsed = readStructured(answer.text, response, options.responseFormat);
      if (parsed.ok) return { status: 'completed', response: { ...completed, value: parsed.value } };
      const hopeless = parsed.error.code !== 'invalidStructuredOutput' || corrections >= agent.maxStructuredRetries;
      if (hopeless || iteration === agent.maxIterations) return failed(parsed.error);
      produced.pop();
      corrections++;
      correction = [answer.message, textMessage('user', correctionText(parsed.error))];
      continue;
    }
    correction = [];
    const isLast = iteration === agent.maxIterations;
    const results = isLast ? answer.calls.map(notRun) : yield* callTools(iteration, answer.calls, tools);
    produced.push({
      role: 'tool',
      contents: answer.calls.map(({ callId }, index) => ({
        type: 'functionResult',
        callId,
        result: results[index] as JsonValue,
      })),
    });
  }
  return failed(
    new AgentRunError(
      'maxIterations',
      `Agent "${agent.name}" called its model ${agent.maxIterations} times without a final answer.`,
      {
        fix: "Raise the agent's maxIterations, or look in the history at why it keeps calling tools.",
      },
    ),
  );
}

function correctionText(error: DurableAgentError): string {
  return `That answer cannot be used. ${error.message} Answer again with nothing but JSON that fits the schema.`;
}

function* callModel(iteration: number, request: ChatRequest, tail: ChatMessage[]): Steps<ModelOutcome> {
  const result = yield { type: 'callModel', iteration, request, tail };
  if (result?.type !== 'callModel') throw new TypeError('The driver of the run loop must answer "callModel" in kind.');
  return result.outcome;
}

function* callTools(iteration: number, calls: FunctionCallContent[], tools: readonly ToolFacts[]): Steps<JsonValue[]> {
  const names = tools.map((tool) => tool.name);
  const results: (JsonValue | undefined)[] = calls.map((call) =>
    names.includes(call.name) ? undefined : unknownToolError(call.name, names),
  );
  const known: ToolCallRequest[] = [];
  for (const [index, { callId, name, arguments: args }] of calls.entries()) {
    if (results[index] !== undefined) continue;
    known.push({ callId, name, ...(args !== undefined && { arguments: args }), iteration, index });
  }
  const changed = new Map<number, JsonObject>();
  const runnable = yield* approveCalls(iteration, known, tools, results, changed);
  if (runnable.length > 0) {
    const result = yield { type: 'callTools', iteration, calls: runnable };
    if (result?.type !== 'callTools' || result.results.length !== runnable.length) {
      throw new TypeError('The driver of the run loop must answer "callTools" with one result a call.');
    }
    for (const [position, { index }] of runnable.entries()) {
      const value = result.results[position] ?? null;
      const args = changed.get(index);
      // The model must know that it was not its own arguments that gave this result.
      results[index] = args === undefined ? value : { approvedWithArguments: args, result: value };
    }
  }
  return results as JsonValue[];
}

/** The calls that may be made; of the others the results say why not. */
function* approveCalls(
  iteration: number,
  known: readonly ToolCallRequest[],
  tools: readonly ToolFacts[],
  results: (JsonValue | undefined)[],
  changed: Map<number, JsonObject>,
): Steps<ToolCallRequest[]> {
  const guarded = new Set(tools.filter(({ needsApproval }) => needsApproval !== false).map(({ name }) => name));
  const asked = known.filter(({ name }) => guarded.has(name));
  if (asked.length === 0) return [...known];
  const result = yield { type: 'approveCalls', iteration, calls: asked };
  if (result?.type !== 'approveCalls' || result.decisions.length !== asked.length) {
    throw new TypeError('The driver of the run loop must answer "approveCalls" with one decision a call.');
  }
  const runnable: ToolCallRequest[] = [];
  for (const call of known) {
    const position = asked.indexOf(call);
    const decision: CallDecision = position < 0 ? { status: 'notNeeded' } : result.decisions[position]!;
    switch (decision.status) {
      case 'notNeeded':
        runnable.push(call);
        break;
      case 'approved':
        if (decision.arguments !== undefined) changed.set(call.index, decision.arguments);
        runnable.push(decision.arguments === undefined ? call : { ...call, arguments: decision.arguments });
        break;
      case 'rejected': {
        const reason = decision.reason ? ` The reason: ${decision.reason}` : '';
        results[call.index] = toolError('rejected', `Not called: a person did not approve it.${reason}`);
        break;
      }
      case 'expired':
        results[call.index] = toolError('approvalExpired', 'Not called: nobody approved it in time.');
        break;
    }
  }
  return runnable;
}

/** What the model is asked in an iteration of a run. */
export function modelRequest(
  agent: AgentFacts,
  runOptions: RunOptions,
  messages: ChatMessage[],
  iteration: number,
): ChatRequest {
  const { responseFormat } = runOptions;
  const tools = offeredTools(agent, runOptions);
  const options = { ...agent.options };
  // "required" holds for the first call only: kept on, no run would ever come to an answer.
  if (options.toolChoice === 'required' && (iteration > 1 || tools.length === 0)) options.toolChoice = 'auto';
  return {
    messages: agent.instructions ? [textMessage('system', agent.instructions), ...messages] : messages,
    tools: tools.map(({ name, description, parametersJsonSchema: parameters }) => ({ name, description, parameters })),
    ...(responseFormat && { responseFormat: wrapSchema(responseFormat).schema }),
    options,
  };
}

function offeredTools(
  agent: AgentFacts,
  { enableToolCalls = true, enableToolNames }: RunOptions,
): readonly ToolFacts[] {
  if (!enableToolCalls) return [];
  if (!enableToolNames) return agent.tools;
  return agent.tools.filter((tool) => enableToolNames.includes(tool.name));
}

/** Ids of all tool calls in a conversation. */
export function collectCallIds(messages: readonly ChatMessage[]): Set<string> {
  const ids = new Set<string>();
  for (const { contents } of messages) {
    for (const content of contents) if (content.type === 'functionCall') ids.add(content.callId);
  }
  return ids;
}

function notRun(): JsonValue {
  return toolError('notRun', 'Not called: the run reached its limit of model calls first.');
}

function completedResponse(
  agent: AgentFacts,
  response: ChatResponse,
  answer: ModelAnswer,
  messages: ChatMessage[],
  usage: Usage | undefined,
): AgentResponse {
  const { provider, simulated } = agent.model;
  const modelId = response.modelId ?? agent.model.modelId;
  const metadata: JsonObject = { provider, ...(modelId !== undefined && { modelId }), simulated };
  return {
    text: answer.text,
    messages,
    ...(usage && { usage }),
    // An answer without calls is a final one, whatever the model gave as its reason.
    finishReason: response.finishReason === 'length' ? 'length' : 'stop',
    agentId: agent.name,
    ...(response.responseId !== undefined && { responseId: response.responseId }),
    metadata,
  };
}
