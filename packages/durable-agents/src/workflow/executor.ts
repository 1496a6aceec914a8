import { maxTimerMs } from '../agent/tool.ts';
import { ConfigurationError } from '../errors.ts';
import type { ExecutorContext } from './executor-context.ts';
import { checkExecutorId } from './executor-id.ts';
import type { MessageHandler, ResponseHandler } from './handlers.ts';
import type { MessageType } from './message-type.ts';
import type { Types } from './node-types.ts';
import { type RetryOptions, type RetryPolicy, retryPolicy } from './retry.ts';
import { isSchema, type Read, type ValueSchema, type Written } from './schema.ts';

/** Settings that every kind of executor has. */
export interface ExecutorSettings {
  /** 1 to 128 characters without `~`. Unique in the workflow. */
  id: string;
  description?: string | undefined;
  /** Handling a message twice does no harm. Default: false. */
  idempotent?: boolean | undefined;
  /** Default: no second attempt; for an idempotent executor 3 attempts. */
  retry?: RetryOptions | undefined;
  /** Time limit of one attempt in milliseconds. Default: none. */
  timeoutMs?: number | undefined;
  /**
   * What its failure means: `fail` ends the run; `continue` ends this branch, and a join behind it gets the failure in
   * `ctx.failures`. Default: the workflow's `onFailure`, which is `fail`.
   */
  onFailure?: 'fail' | 'continue' | undefined;
}

/**
 * An executor with a handler for each type of message. Extend it, or use {@link executor} for a single function. It is
 * shared by all runs: keep what belongs to a run in the shared state, not in fields.
 */
export abstract class Executor<Accepts = unknown, Sends = unknown> {
  declare readonly '~types'?: Types<Accepts, Sends>;
  readonly kind = 'executor';
  readonly id: string;
  readonly description: string | undefined;
  readonly idempotent: boolean;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | undefined;
  readonly onFailure: 'fail' | 'continue' | undefined;
  /** What it sends, if declared: checked before it is sent. */
  readonly output: ValueSchema | undefined;

  /** @throws ConfigurationError */
  constructor(settings: ExecutorSettings & { output?: ValueSchema | undefined }) {
    this.id = checkExecutorId(settings.id);
    this.description = settings.description;
    this.idempotent = settings.idempotent ?? false;
    this.retry = retryPolicy(this.id, settings.retry, this.idempotent);
    const { timeoutMs, onFailure, output } = settings;
    if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= maxTimerMs)) {
      throw invalid(
        this.id,
        `timeoutMs is ${timeoutMs}`,
        `Use a whole number of milliseconds from 1 to ${maxTimerMs}.`,
      );
    }
    if (onFailure !== undefined && onFailure !== 'fail' && onFailure !== 'continue') {
      throw invalid(this.id, `onFailure is ${JSON.stringify(onFailure)}`, 'Use "fail" or "continue".');
    }
    if (output !== undefined && !isSchema(output)) {
      throw invalid(this.id, 'output is not a schema', 'Pass a Standard Schema, a JSON Schema or a message type.');
    }
    this.timeoutMs = timeoutMs;
    this.onFailure = onFailure;
    this.output = output;
  }

  /** The first whose type fits takes a message. Made with {@link handler}. */
  abstract readonly handlers: readonly MessageHandler[];
  /** Made with {@link responseHandler}, one for each port it asks through. */
  readonly responseHandlers: readonly ResponseHandler[] = [];
}

export type AnyExecutor = Executor<never, unknown>;

export interface ExecutorOptions<
  Input extends ValueSchema | undefined = undefined,
  Output extends ValueSchema | undefined = undefined,
> extends ExecutorSettings {
  /** What it takes. A message that does not fit fails the run. */
  input?: Input;
  /** What it sends. */
  output?: Output;
  /** Handlers for answers to `ctx.requestInfo`. Made with {@link responseHandler}. */
  responses?: readonly ResponseHandler[] | undefined;
}

// biome-ignore lint/suspicious/noConfusingVoidType: it is what functions without a return statement give
type Nothing = void | undefined;

/** Type of what an executor sends: its `output`, else what its handler returns; `unknown` if that is nothing. */
type SendsBy<Output, Result> = Output extends ValueSchema
  ? Written<Output>
  : [Exclude<Awaited<Result>, Nothing>] extends [never]
    ? unknown
    : Exclude<Awaited<Result>, Nothing>;

/** What a handler may return, given what its executor sends. */
type Returns<Output> = Output extends ValueSchema
  ? Written<Output> | Nothing | Promise<Written<Output> | Nothing>
  : unknown;

/**
 * An executor of one function. What the function returns (other than undefined) is sent on; where no edge leads on, it
 * is an output of the workflow.
 *
 * @throws ConfigurationError that names the setting which cannot be used
 */
export function executor<
  Input extends MessageType<never> | ValueSchema,
  Result extends Returns<Output>,
  Output extends ValueSchema | undefined = undefined,
>(
  options: ExecutorOptions<Input & ValueSchema, Output> & { input: Input },
  handle: (
    message: Read<Input>,
    ctx: ExecutorContext<Output extends ValueSchema ? Written<Output> : unknown>,
  ) => Result,
): Executor<Written<Input>, SendsBy<Output, Result>>;
export function executor<
  Result extends Returns<Output>,
  Message = unknown,
  Output extends ValueSchema | undefined = undefined,
>(
  options: ExecutorOptions<undefined, Output> & { input?: undefined },
  handle: (message: Message, ctx: ExecutorContext<Output extends ValueSchema ? Written<Output> : unknown>) => Result,
): Executor<Message, SendsBy<Output, Result>>;
export function executor(
  options: ExecutorOptions<ValueSchema | undefined, ValueSchema | undefined>,
  handle: (message: never, ctx: ExecutorContext) => unknown,
): Executor<never, unknown> {
  if (typeof handle !== 'function') {
    throw invalid(options.id, 'has no function', 'Pass one: executor({ id }, (message, ctx) => …).');
  }
  if (options.input !== undefined && !isSchema(options.input)) {
    throw invalid(options.id, 'input is not a schema', 'Pass a Standard Schema, a JSON Schema or a message type.');
  }
  return new FunctionExecutor(options, { kind: 'handler', accepts: options.input, handle });
}

class FunctionExecutor extends Executor<never, unknown> {
  override readonly handlers: readonly MessageHandler[];
  override readonly responseHandlers: readonly ResponseHandler[];

  constructor(
    options: ExecutorOptions<ValueSchema | undefined, ValueSchema | undefined>,
    messageHandler: MessageHandler,
  ) {
    super(options);
    this.handlers = [messageHandler];
    this.responseHandlers = options.responses ?? [];
  }
}

function invalid(id: string, problem: string, fix: string): ConfigurationError {
  return new ConfigurationError('invalidExecutor', `executor "${id}": ${problem}.`, { fix });
}
