import { AgentRunError, type DurableAgentError, ModelError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { ChatClient, ChatOptions, ChatRequest, ChatResponse } from '../model/chat-client.ts';
import type { FunctionCallContent, Usage } from './content.ts';
import type {
  AgentEffect,
  AgentEffectResult,
  ModelOutcome,
  RunOptions,
  RunOutcome,
  ToolCallRequest,
} from './effects.ts';
import { type ChatMessage, textMessage } from './message.ts';
import { answerProblem, type ModelAnswer, readAnswer, salvage } from './model-answer.ts';
import { parseJson } from './parse-json.ts';
import { repairConversation } from './repair-conversation.ts';
import type { AgentResponse } from './response.ts';
import type { AnyTool } from './tool.ts';
import { toolError, unknownToolError } from './tool-error.ts';
import { addUsage } from './usage.ts';

/** What the loop needs to know of an agent. An `Agent` is one. */
export interface AgentFacts {
  readonly name: string;
  readonly instructions: string | undefined;
  readonly tools: readonly AnyTool[];
  readonly model: Pick<ChatClient, 'provider' | 'modelId' | 'simulated'>;
  readonly options: ChatOptions;
  readonly maxIterations: number;
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
  const callIds = collectCallIds(history);
  const tools = offeredTools(agent, options);
  const produced: ChatMessage[] = [];
  let usage: Usage | undefined;
  const failed = (error: DurableAgentError): RunOutcome => ({
    status: 'failed',
    error,
    messages: produced,
    ...(usage && { usage }),
  });

  for (let iteration = 1; iteration <= agent.maxIterations; iteration++) {
    const messages = [...history, ...produced];
    const outcome = yield* callModel(iteration, modelRequest(agent, tools, messages, options, iteration));
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
      const parsed = parseStructured(answer.text, response);
      if (!parsed.ok) return failed(parsed.error);
      return { status: 'completed', response: { ...completed, value: parsed.value } };
    }
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

function* callModel(iteration: number, request: ChatRequest): Steps<ModelOutcome> {
  const result = yield { type: 'callModel', iteration, request };
  if (result?.type !== 'callModel') throw new TypeError('The driver of the run loop must answer "callModel" in kind.');
  return result.outcome;
}

function* callTools(iteration: number, calls: FunctionCallContent[], tools: readonly AnyTool[]): Steps<JsonValue[]> {
  const names = tools.map((tool) => tool.name);
  const results: (JsonValue | undefined)[] = calls.map((call) =>
    names.includes(call.name) ? undefined : unknownToolError(call.name, names),
  );
  const runnable: ToolCallRequest[] = [];
  for (const [index, { callId, name, arguments: args }] of calls.entries()) {
    if (results[index] !== undefined) continue;
    runnable.push({ callId, name, ...(args !== undefined && { arguments: args }), iteration, index });
  }
  if (runnable.length > 0) {
    const result = yield { type: 'callTools', iteration, calls: runnable };
    if (result?.type !== 'callTools' || result.results.length !== runnable.length) {
      throw new TypeError('The driver of the run loop must answer "callTools" with one result a call.');
    }
    for (const [position, call] of runnable.entries()) results[call.index] = result.results[position] ?? null;
  }
  return results as JsonValue[];
}

function modelRequest(
  agent: AgentFacts,
  tools: readonly AnyTool[],
  messages: ChatMessage[],
  { responseFormat }: RunOptions,
  iteration: number,
): ChatRequest {
  const options = { ...agent.options };
  // "required" holds for the first call only: kept on, no run would ever come to an answer.
  if (options.toolChoice === 'required' && (iteration > 1 || tools.length === 0)) options.toolChoice = 'auto';
  return {
    messages: agent.instructions ? [textMessage('system', agent.instructions), ...messages] : messages,
    tools: tools.map(({ name, description, parametersJsonSchema: parameters }) => ({ name, description, parameters })),
    ...(responseFormat && { responseFormat }),
    options,
  };
}

function offeredTools(agent: AgentFacts, { enableToolCalls = true, enableToolNames }: RunOptions): readonly AnyTool[] {
  if (!enableToolCalls) return [];
  if (!enableToolNames) return agent.tools;
  return agent.tools.filter((tool) => enableToolNames.includes(tool.name));
}

function collectCallIds(messages: readonly ChatMessage[]): Set<string> {
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

function parseStructured(
  text: string,
  response: ChatResponse,
): { ok: true; value: JsonValue } | { ok: false; error: DurableAgentError } {
  try {
    return { ok: true, value: parseJson(text) };
  } catch (cause) {
    if (response.finishReason === 'length') {
      const message = 'The model reached its output limit in the middle of the structured answer.';
      const fix = 'Raise options.maxOutputTokens, or ask for less.';
      return { ok: false, error: new ModelError('modelTruncated', message, { fix, cause }) };
    }
    const message = 'The model was asked for JSON and answered with something else.';
    const fix = 'Use a model that supports structured output, or ask for JSON in the instructions as well.';
    return { ok: false, error: new AgentRunError('invalidStructuredOutput', message, { fix, cause }) };
  }
}
