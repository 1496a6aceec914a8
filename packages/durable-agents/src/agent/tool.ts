import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigurationError } from '../errors.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { RunContext, runOf } from './run-context.ts';
import type { ToolDurableClient } from './tool-durable-client.ts';
import { toolJsonSchema } from './tool-json-schema.ts';

/** Longest time limit a timer can hold, in milliseconds (about 24.8 days). */
export const maxTimerMs = 2_147_483_647;

/** What a tool knows about the call it serves. */
export interface ToolContext {
  readonly agentName: string;
  readonly sessionId: string;
  /** Identifies the run (one user message) within the session. */
  readonly correlationId: string;
  /** The model's id for this call. May differ when a crashed turn is repeated: never de-duplicate by it. */
  readonly callId: string;
  /**
   * The same each time this call is executed again after a crash: session, run, and position of the call in the run.
   * Hand it to systems that must not act twice.
   */
  readonly idempotencyKey: string;
  /** Aborted when the time limit is over or the host stops. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Who asked, as the app sees it (`mapCaller` of the app). Absent if the app says nothing. */
  readonly caller?: JsonValue;
  /** Orchestrations: start, query, raise events, terminate. Absent outside a durable host; see `durableOf`. */
  readonly durable?: ToolDurableClient;
  /** Reports progress to whoever watches the run. Never throws; after the call has ended it does nothing. */
  readonly emit: (data: JsonObject) => void;
  /** @internal */
  readonly [runOf]?: RunContext;
}

/** What `execute` receives for a given `parameters`: the schema's output, or any JSON object for a plain JSON Schema. */
export type ToolArguments<Parameters> = Parameters extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Parameters>
  : JsonObject;

export interface ToolDefinition<Parameters extends StandardSchemaV1 | JsonSchema, Result> {
  /** 1–64 letters, digits, `_` or `-`. Unique within an agent. */
  name: string;
  /** Tells the model what the tool does and when to call it. */
  description: string;
  /**
   * A Standard Schema (zod, valibot, arktype, …) or a plain JSON Schema (2020-12). The model's arguments are validated
   * by it; what does not fit goes back to the model and the tool is not called. Default: no arguments.
   */
  parameters?: Parameters | undefined;
  /** JSON Schema shown to the model. Needed only if `parameters` cannot convert itself. */
  parametersJsonSchema?: JsonSchema | undefined;
  /** Called with the validated arguments. Its result is turned into JSON by the rules of `toJsonResult`. */
  execute: (args: ToolArguments<Parameters>, context: ToolContext) => Result;
  /** True if calling it twice does no harm. Decides the default durability of a turn. Default: false. */
  readOnly?: boolean | undefined;
  /** Time limit of one call in milliseconds, 1 to 2,147,483,647. Default: the agent's `toolTimeoutMs`. */
  timeoutMs?: number | undefined;
  /**
   * Whether a person has to approve a call before it is made: always, or as a function of the validated arguments
   * decides. The turn waits for the decision, for days if need be. If the function throws, approval is needed.
   * Default: false.
   */
  needsApproval?: boolean | ((args: ToolArguments<Parameters>) => boolean | Promise<boolean>) | undefined;
}

/** A function that a model can call. Made with {@link tool}. */
export interface Tool<Args = JsonObject, Result = unknown> {
  readonly name: string;
  readonly description: string;
  readonly parameters: StandardSchemaV1 | JsonSchema;
  readonly parametersJsonSchema: JsonSchema;
  readonly readOnly: boolean;
  readonly timeoutMs: number | undefined;
  readonly needsApproval: boolean | ((args: Args) => boolean | Promise<boolean>);
  readonly execute: (args: Args, context: ToolContext) => Result;
}

/** Any tool, whatever its arguments. */
export type AnyTool = Tool<never>;

/**
 * Defines a tool. The types of the arguments come from `parameters`.
 *
 * @throws ConfigurationError if the name, description, schema or time limit cannot be used.
 */
export function tool<Result, Parameters extends StandardSchemaV1 | JsonSchema = JsonSchema>(
  definition: ToolDefinition<Parameters, Result>,
): Tool<ToolArguments<Parameters>, Result> {
  const { name, description, execute, timeoutMs } = definition;
  if (typeof name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    throw new ConfigurationError('invalidToolName', `tool name ${JSON.stringify(name)} is not valid.`, {
      fix: 'Use 1 to 64 letters, digits, "_" or "-".',
    });
  }
  if (typeof description !== 'string' || description.trim() === '') {
    throw invalid(name, 'description', 'is missing', 'Say what the tool does and when to call it: the model reads it.');
  }
  if (typeof execute !== 'function') throw invalid(name, 'execute', 'is not a function', 'Pass a function.');
  if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= maxTimerMs)) {
    throw invalid(name, 'timeoutMs', `is ${timeoutMs}`, `Use a whole number of milliseconds from 1 to ${maxTimerMs}.`);
  }
  const { needsApproval = false } = definition;
  if (typeof needsApproval !== 'boolean' && typeof needsApproval !== 'function') {
    throw invalid(name, 'needsApproval', 'is neither a boolean nor a function', 'Use true, or (args) => boolean.');
  }
  const parameters = definition.parameters ?? { type: 'object', properties: {} };
  return Object.freeze({
    name,
    description,
    parameters,
    parametersJsonSchema: toolJsonSchema(name, parameters, definition.parametersJsonSchema),
    readOnly: definition.readOnly ?? false,
    timeoutMs,
    needsApproval,
    execute,
  });
}

function invalid(toolName: string, field: string, problem: string, fix: string): ConfigurationError {
  return new ConfigurationError('invalidTool', `tool "${toolName}": ${field} ${problem}.`, { fix });
}
