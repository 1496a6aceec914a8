import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Agent } from '../agent/agent.ts';
import type { ChatMessage } from '../agent/message.ts';
import { ConfigurationError } from '../errors.ts';
import type { JsonSchema, JsonValue } from '../json.ts';
import type { AgentAnswer, AgentInput } from './agent-answer.ts';
import type { ExecutorSettings } from './executor.ts';
import { checkExecutorId } from './executor-id.ts';
import type { Types } from './node-types.ts';
import { type RetryPolicy, retryPolicy } from './retry.ts';
import { isSchema, jsonSchemaOf } from './schema.ts';

/**
 * What an agent hears of the conversation so far. `full`: all of it that it has not heard yet; `lastAgent`: only what
 * the agent before it said; a function gets the whole conversation and gives what the agent hears. The function runs
 * in the orchestrator: it must be synchronous and always give the same for the same.
 */
export type ConversationMode =
  | 'full'
  | 'lastAgent'
  | ((conversation: readonly ChatMessage[]) => readonly ChatMessage[]);

export interface AgentExecutorOptions<Output extends StandardSchemaV1 | JsonSchema | undefined = undefined>
  extends Omit<ExecutorSettings, 'id' | 'timeoutMs'> {
  /** Default: the agent's name. */
  id?: string | undefined;
  /** Default: `full`. */
  conversation?: ConversationMode | undefined;
  /** `run`: it remembers its earlier turns in this run, also in loops; `new`: every turn is its first. Default: `run`. */
  session?: 'run' | 'new' | undefined;
  /** Asks for a structured answer, which is then in `answer.value`. */
  output?: Output;
  /** For an `output` that cannot convert itself. */
  outputJsonSchema?: JsonSchema | undefined;
}

/** An agent as an executor, with settings. Made with {@link agentExecutor}. */
export class AgentExecutor<Value = JsonValue> {
  declare readonly '~types'?: Types<AgentInput, AgentAnswer<Value>>;
  readonly kind = 'agent';
  readonly id: string;
  readonly agent: Agent;
  readonly description: string | undefined;
  readonly conversation: ConversationMode;
  readonly session: 'run' | 'new';
  readonly responseFormat: JsonSchema | undefined;
  readonly retry: RetryPolicy;
  readonly onFailure: 'fail' | 'continue' | undefined;

  /** @throws ConfigurationError */
  constructor(agent: Agent, options: AgentExecutorOptions<StandardSchemaV1 | JsonSchema | undefined> = {}) {
    this.id = checkExecutorId(options.id ?? agent.name);
    this.agent = agent;
    this.description = options.description ?? agent.description;
    this.conversation = options.conversation ?? 'full';
    this.session = options.session ?? 'run';
    this.responseFormat = responseFormat(this.id, options);
    this.retry = retryPolicy(this.id, options.retry, options.idempotent ?? false);
    this.onFailure = options.onFailure;
  }
}

/**
 * An agent as an executor of a workflow. An agent can also be put into a graph as it is.
 *
 * @throws ConfigurationError that names the setting which cannot be used
 */
export function agentExecutor<Output extends StandardSchemaV1 | JsonSchema | undefined = undefined>(
  agent: Agent,
  options: AgentExecutorOptions<Output> = {},
): AgentExecutor<Output extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Output> : JsonValue> {
  return new AgentExecutor(agent, options);
}

/** Whether a value is an agent, also one of another copy of this package. */
export function isAgent(value: unknown): value is Agent {
  const agent = value as Partial<Agent> | null;
  return typeof agent === 'object' && typeof agent?.run === 'function' && typeof agent.model?.complete === 'function';
}

function responseFormat(
  id: string,
  { output, outputJsonSchema }: AgentExecutorOptions<StandardSchemaV1 | JsonSchema | undefined>,
): JsonSchema | undefined {
  if (output === undefined) return outputJsonSchema;
  const schema = outputJsonSchema ?? (isSchema(output) ? jsonSchemaOf(output) : undefined);
  if (schema !== undefined) return schema;
  throw new ConfigurationError('invalidExecutor', `executor "${id}": its output has no JSON Schema.`, {
    fix: 'Pass outputJsonSchema with the JSON Schema that the model should follow.',
  });
}
