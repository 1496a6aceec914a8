import { randomUUID } from 'node:crypto';
import type { JsonSchema, JsonValue } from '../json.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { ChatClient, ChatOptions } from '../model/chat-client.ts';
import { checkAgentOptions } from './check-agent-options.ts';
import type { RunOptions } from './effects.ts';
import { type ChatMessage, toMessages } from './message.ts';
import { formatJsonSchema, type ResponseFormat, type TypedResponse, typedResponse } from './response-format.ts';
import type { ApproveCall } from './run-context.ts';
import { runInline } from './run-inline.ts';
import type { AnyTool } from './tool.ts';
import type { ToolProgress } from './tool-progress.ts';
import { isToolSource, type ToolSource } from './tool-source.ts';

export interface AgentOptions {
  /** A letter, then up to 62 letters, digits, `_` or `-`. Unique in an app, ignoring case. */
  name: string;
  /** What the agent is for, shown to people and to other agents. */
  description?: string | undefined;
  /** Sent to the model as the first message of every request; never stored. */
  instructions?: string | undefined;
  /** Tools, and sources of tools such as `mcpTools({ … })`. */
  tools?: readonly (AnyTool | ToolSource)[] | undefined;
  model: ChatClient;
  /** Passed to the model with every request. */
  options?: ChatOptions | undefined;
  /**
   * Most model calls in one run, 1 to 1,000. A tool call in the last of them is not run, as no model would see its
   * result: the run fails with `maxIterations` and keeps what it did. Default: 16.
   */
  maxIterations?: number | undefined;
  /** Time limit of a tool call in milliseconds, unless the tool has its own. Default: 60,000. */
  toolTimeoutMs?: number | undefined;
  /** Time limit of a model call in milliseconds. Default: 120,000. */
  modelTimeoutMs?: number | undefined;
  /** How often a model call is repeated after an error that may pass (rate limit, unavailable), 0 to 10. Default: 2. */
  maxModelRetries?: number | undefined;
  /**
   * Time for a model call with all its repetitions, in milliseconds, counted from the first: no repetition begins after
   * it. Default: 60,000.
   */
  modelRetryBudgetMs?: number | undefined;
  /** Most tool calls of one answer at the same time, 1 to 100; 1 means one after the other. Default: 8. */
  maxParallelToolCalls?: number | undefined;
  /** Longest JSON of a tool's result in bytes; of a longer one the model gets an excerpt that says so. 1,024 to 16 MiB. Default: 65,536. */
  maxToolResultBytes?: number | undefined;
  /** How often a structured answer that does not fit its schema is asked for again, 0 to 10. Default: 1. */
  maxStructuredRetries?: number | undefined;
  /**
   * What a crash in the middle of a turn repeats. `turn`: the whole turn. `step`: only the model call or tool call in
   * flight; each is recorded as it ends, at the price of more writes. `auto`: `step` if a tool is not `readOnly` or
   * needs approval, else `turn`. Default: `auto`.
   */
  durability?: 'auto' | 'turn' | 'step' | undefined;
  /**
   * Time limit of a turn with durability `turn`, in milliseconds. Keep it below `functionTimeout` of host.json: a turn
   * that the host cuts off leaves no answer. Turns in steps have no limit, only their steps. Default: 240,000.
   */
  turnTimeoutMs?: number | undefined;
  /** How long a call waits for approval before it counts as refused, in milliseconds. Default: 7 days. */
  approvalTimeoutMs?: number | undefined;
}

/** Options of a run in this process. */
export interface AgentRunOptions<Format extends ResponseFormat = JsonSchema>
  extends Omit<RunOptions, 'responseFormat'> {
  /** What a structured answer looks like; it is then in `response.value`, with the type of a Standard Schema. */
  responseFormat?: Format | undefined;
  /** Stops the run. */
  signal?: AbortSignal | undefined;
  log?: Logger | undefined;
  /** Given to tools. Default: a random one. */
  sessionId?: string | undefined;
  /** Given to tools; with the session, the base of their idempotency keys. Default: a random one. */
  correlationId?: string | undefined;
  /** Decides on calls that need approval. Default: they are not made. */
  approve?: ApproveCall | undefined;
  /** Who asks. Given to tools. */
  caller?: JsonValue | undefined;
  /** Told of what tools emit while they run. */
  onToolProgress?: ((progress: ToolProgress) => void) | undefined;
}

/**
 * An agent: a model, instructions and tools. It holds no conversation and nothing durable; the app that it is
 * registered with remembers its sessions.
 */
export class Agent {
  readonly name: string;
  readonly description: string | undefined;
  readonly instructions: string | undefined;
  /** Its own tools; those of its sources are looked up before each run. */
  readonly tools: readonly AnyTool[];
  readonly toolSources: readonly ToolSource[];
  readonly model: ChatClient;
  readonly options: ChatOptions;
  readonly maxIterations: number;
  readonly toolTimeoutMs: number;
  readonly modelTimeoutMs: number;
  readonly maxModelRetries: number;
  readonly modelRetryBudgetMs: number;
  readonly maxParallelToolCalls: number;
  readonly maxToolResultBytes: number;
  readonly maxStructuredRetries: number;
  /** What the options come to: `auto` is settled. */
  readonly durability: 'turn' | 'step';
  readonly approvalTimeoutMs: number;
  readonly turnTimeoutMs: number;

  /** @throws ConfigurationError that names the option which cannot be used. */
  constructor(options: AgentOptions) {
    checkAgentOptions(options);
    this.name = options.name;
    this.description = options.description;
    this.instructions = options.instructions;
    const { tools = [] } = options;
    this.tools = Object.freeze(tools.filter((entry): entry is AnyTool => !isToolSource(entry)));
    this.toolSources = Object.freeze(tools.filter(isToolSource));
    this.model = options.model;
    this.options = Object.freeze({ ...options.options });
    this.maxIterations = options.maxIterations ?? 16;
    this.toolTimeoutMs = options.toolTimeoutMs ?? 60_000;
    this.modelTimeoutMs = options.modelTimeoutMs ?? 120_000;
    this.maxModelRetries = options.maxModelRetries ?? 2;
    this.modelRetryBudgetMs = options.modelRetryBudgetMs ?? 60_000;
    this.maxParallelToolCalls = options.maxParallelToolCalls ?? 8;
    this.maxToolResultBytes = options.maxToolResultBytes ?? 65_536;
    this.maxStructuredRetries = options.maxStructuredRetries ?? 1;
    this.durability = durabilityOf(options);
    this.approvalTimeoutMs = options.approvalTimeoutMs ?? 7 * 86_400_000;
    this.turnTimeoutMs = options.turnTimeoutMs ?? 240_000;
  }

  /**
   * Runs the agent once in this process; nothing is stored. For a conversation, pass all its messages.
   *
   * @throws RequestError if there is no message, ModelError if the model failed, AgentRunError if the run gave up or the
   * structured answer does not fit, ConfigurationError if the response format cannot be used.
   */
  async run<Format extends ResponseFormat = JsonSchema>(
    input: string | ChatMessage | readonly ChatMessage[],
    options: AgentRunOptions<Format> = {},
  ): Promise<TypedResponse<Format>> {
    const { signal, log = silentLogger, sessionId = randomUUID(), correlationId = randomUUID(), ...others } = options;
    const { approve, caller, onToolProgress, responseFormat, ...rest } = others;
    const context = {
      sessionId,
      correlationId,
      signal: signal ?? new AbortController().signal,
      log,
      ...(approve && { approve }),
      ...(caller !== undefined && { caller }),
      ...(onToolProgress && { onEvent: onToolProgress }),
    };
    const run = { ...rest, responseFormat: formatJsonSchema(responseFormat) };
    const outcome = await runInline(this, toMessages(input), context, run);
    if (outcome.status === 'failed') throw outcome.error;
    return (await typedResponse(outcome.response, responseFormat)) as TypedResponse<Format>;
  }
}

function durabilityOf({ durability = 'auto', tools = [] }: AgentOptions): 'turn' | 'step' {
  if (durability !== 'auto') return durability;
  // What a source will offer is not known yet: the careful way.
  const isHarmless = (entry: AnyTool | ToolSource) =>
    !isToolSource(entry) && entry.readOnly && entry.needsApproval === false;
  return tools.every(isHarmless) ? 'turn' : 'step';
}
