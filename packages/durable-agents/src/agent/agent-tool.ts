import type { StandardSchemaV1 } from '@standard-schema/spec';
import { AgentRunError, ConfigurationError } from '../errors.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import type { Agent } from './agent.ts';
import { type ChatMessage, toMessages } from './message.ts';
import { type RunContext, runOf } from './run-context.ts';
import { runInline } from './run-inline.ts';
import { type Tool, type ToolArguments, type ToolContext, type ToolDefinition, tool } from './tool.ts';

/** Most agents that may call each other in a chain, the first one included. */
export const maxAgentDepth = 5;

type Input = string | ChatMessage | readonly ChatMessage[];

export interface AgentToolOptions<Parameters extends StandardSchemaV1 | JsonSchema> {
  /** Name of the tool. Default: the agent's name. */
  name?: string | undefined;
  /** Tells the calling model what the agent is good for. Default: the agent's description; one of them is needed. */
  description?: string | undefined;
  /** Arguments of the tool. Default: one text, `message`. */
  parameters?: Parameters | undefined;
  parametersJsonSchema?: JsonSchema | undefined;
  /** What the agent is told. Default: the `message`; with `parameters` of your own, their JSON. */
  input?: ((args: ToolArguments<Parameters>) => Input) | undefined;
  /** JSON Schema of a structured answer, which is then the tool's result. Default: the result is the answer's text. */
  responseFormat?: JsonSchema | undefined;
  /** Time limit of the agent's whole run in milliseconds. Default: 300,000. */
  timeoutMs?: number | undefined;
  needsApproval?: ToolDefinition<Parameters, unknown>['needsApproval'];
}

/**
 * An agent as a tool of another. Each call is a run of its own, without memory, in the process of the caller and inside
 * the one call: it is repeated as a whole if that is interrupted. Idempotency keys of the tools in it derive from the
 * call's, so they stay the same. Calls in it that need approval are decided by the run's `approve`, or else not made.
 *
 * @throws ConfigurationError if there is no description, or as `tool` does
 */
export function agentTool<Parameters extends StandardSchemaV1 | JsonSchema = JsonSchema>(
  agent: Agent,
  options: AgentToolOptions<Parameters> = {},
): Tool<ToolArguments<Parameters>, Promise<JsonValue>> {
  const { name = agent.name, description = agent.description, parameters, responseFormat } = options;
  if (description === undefined) {
    throw new ConfigurationError('invalidTool', `tool "${name}": description is missing.`, {
      fix: `Give the agent "${agent.name}" a description, or pass one: agentTool(agent, { description }).`,
    });
  }
  const { tools, toolSources } = agent;
  const toInput: (args: never) => Input = options.input ?? (parameters === undefined ? messageOf : JSON.stringify);
  return tool<Promise<JsonValue>, Parameters>({
    name,
    description,
    parameters: parameters ?? (messageParameters as Parameters),
    parametersJsonSchema: options.parametersJsonSchema,
    readOnly: toolSources.length === 0 && tools.every((inner) => inner.readOnly),
    timeoutMs: options.timeoutMs ?? 300_000,
    needsApproval: options.needsApproval,
    execute: (args, context) => runAsTool(agent, toInput(args as never), responseFormat, context),
  });
}

async function runAsTool(
  agent: Agent,
  input: Input,
  responseFormat: JsonSchema | undefined,
  context: ToolContext,
): Promise<JsonValue> {
  const run = innerRun(agent, context);
  const outcome = await runInline(agent, toMessages(input), run, { responseFormat });
  const usage = outcome.status === 'completed' ? outcome.response.usage : outcome.usage;
  context.log.info('An agent ran as a tool.', {
    agent: agent.name,
    calledBy: context.agentName,
    status: outcome.status,
    ...(usage && { usage: { ...usage } }),
  });
  if (outcome.status === 'failed') throw outcome.error;
  const { value, text } = outcome.response;
  return responseFormat === undefined ? text : (value ?? null);
}

/** Picked one by one: what else a driver keeps in its context is about its own run. */
function innerRun(agent: Agent, context: ToolContext): RunContext {
  const outer = context[runOf];
  const agents = [...(outer?.outerAgents ?? []), context.agentName];
  if (agents.length >= maxAgentDepth) {
    const path = [...agents, agent.name].join(' → ');
    throw new AgentRunError(
      'agentDepth',
      `Agents may call each other ${maxAgentDepth} deep, and this is more: ${path}.`,
    );
  }
  const { sessionId, correlationId, signal, log, caller, idempotencyKey } = context;
  return {
    sessionId,
    correlationId,
    signal,
    log,
    ...(caller !== undefined && { caller }),
    ...(outer?.durable && { durable: outer.durable }),
    ...(outer?.approve && { approve: outer.approve }),
    ...(outer?.observer?.inner && { observer: outer.observer.inner(agent) }),
    // Whoever watches knows the outer call, not the ones within it.
    onEvent: ({ name, data }) => context.emit({ agent: agent.name, tool: name, data }),
    keyBase: idempotencyKey,
    outerAgents: agents,
  };
}

const messageParameters: JsonSchema = {
  type: 'object',
  properties: {
    message: {
      type: 'string',
      description: 'What to tell the agent. It sees nothing of this conversation: say all that it needs to know.',
    },
  },
  required: ['message'],
  additionalProperties: false,
};

function messageOf({ message }: JsonObject): string {
  return message as string;
}
