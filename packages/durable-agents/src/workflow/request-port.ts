import { maxTimerMs } from '../agent/tool.ts';
import { ConfigurationError } from '../errors.ts';
import type { JsonSchema, JsonValue } from '../json.ts';
import { checkExecutorId } from './executor-id.ts';
import type { Types } from './node-types.ts';
import { type Checked, checkValue, jsonSchemaOf, type ValueSchema, type Written } from './schema.ts';

export interface RequestPortOptions<
  Request extends ValueSchema | undefined = undefined,
  Response extends ValueSchema | undefined = undefined,
> {
  /** 1 to 128 characters without `~`. As a node of a graph, also the node's id; callers see it as event name. */
  id: string;
  description?: string | undefined;
  /** What is asked. */
  request?: Request;
  /** What an answer must be like. An answer that is not is refused, and the request stays open. */
  response?: Response;
  /** How long an answer is waited for, in milliseconds. Default: without end. */
  timeoutMs?: number | undefined;
  /**
   * When the time is up: take this as the answer. Default: the request goes along the port's timeout edge
   * (`addTimeoutEdge`) if there is one, else the run fails with `requestTimedOut`.
   */
  onTimeout?: { answer: JsonValue } | undefined;
}

/**
 * A question to the world outside of the run. As a node, it asks with each message it gets and sends the answers on;
 * an executor asks through it with `ctx.requestInfo(port, data)`.
 */
export class RequestPort<
  Request extends ValueSchema | undefined = undefined,
  Response extends ValueSchema | undefined = undefined,
> {
  declare readonly '~types'?: Types<Written<Request>, Written<Response>>;
  readonly kind = 'port';
  readonly id: string;
  readonly description: string | undefined;
  readonly request: Request | undefined;
  readonly response: Response | undefined;
  readonly timeoutMs: number | undefined;
  readonly onTimeout: { readonly answer: JsonValue } | undefined;

  private constructor(options: RequestPortOptions<Request, Response>) {
    this.id = checkExecutorId(options.id);
    const { timeoutMs } = options;
    if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs <= maxRequestMs)) {
      throw new ConfigurationError('invalidRequestPort', `port "${this.id}": timeoutMs is ${timeoutMs}.`, {
        fix: `Use milliseconds from 0 to ${maxRequestMs}.`,
      });
    }
    this.description = options.description;
    this.request = options.request;
    this.response = options.response;
    this.timeoutMs = timeoutMs;
    this.onTimeout = options.onTimeout;
  }

  /** @throws ConfigurationError `invalidExecutorId`, `invalidRequestPort` */
  static create<
    Request extends ValueSchema | undefined = undefined,
    Response extends ValueSchema | undefined = undefined,
  >(options: RequestPortOptions<Request, Response>): RequestPort<Request, Response> {
    return new RequestPort(options);
  }

  /** JSON Schema of an answer, where the schema can say it. */
  get responseJsonSchema(): JsonSchema | undefined {
    return jsonSchemaOf(this.response);
  }

  /** Whether a value is an answer, and what is wrong if not. */
  checkResponse(value: JsonValue): Promise<Checked> {
    return checkValue(this.response, value);
  }
}

/** Ten years: longer than any single timer, which is the host's business. */
const maxRequestMs = maxTimerMs * 147;

/** Any port, whatever it asks. */
export type AnyRequestPort = RequestPort<ValueSchema | undefined, ValueSchema | undefined>;
