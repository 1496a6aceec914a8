import type { JsonValue } from './json.ts';

const marker = Symbol.for('durable-agents.error');

export interface DurableAgentErrorOptions {
  /** What the reader can do about it. */
  fix?: string;
  /** Facts behind the message, safe to show to a caller. */
  details?: JsonValue;
  cause?: unknown;
}

/** Base of every error of this library. `code` is stable; `message` says what happened, `fix` what to do. */
export class DurableAgentError extends Error {
  override name = 'DurableAgentError';
  readonly code: string;
  readonly fix: string | undefined;
  readonly details: JsonValue | undefined;
  readonly [marker] = true;

  constructor(code: string, message: string, options: DurableAgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fix = options.fix;
    this.details = options.details;
  }

  /** Works across duplicate copies of the package, where `instanceof` does not. */
  static is(value: unknown): value is DurableAgentError {
    return typeof value === 'object' && value !== null && marker in value;
  }
}

/** The app is set up wrongly: bad names, missing settings, duplicate agents. Thrown at start. */
export class ConfigurationError extends DurableAgentError {
  override name = 'ConfigurationError';
}

/** A caller sent something that cannot be accepted. `status` is the HTTP status that fits. */
export class RequestError extends DurableAgentError {
  override name = 'RequestError';
  readonly status: number;

  constructor(code: string, status: number, message: string, options: DurableAgentErrorOptions = {}) {
    super(code, message, options);
    this.status = status;
  }
}

/**
 * A model call failed. Codes:
 * - `modelUnauthorized`: key or identity refused (401, 403)
 * - `modelNotFound`: no such model, deployment or address (404)
 * - `modelRateLimited`: too many requests, or quota used up (429)
 * - `modelUnavailable`: the provider failed or cannot be reached (5xx, connection)
 * - `modelTimeout`: no answer in time
 * - `modelAborted`: stopped by the caller or the host
 * - `modelRefused`: content filter, or the model declined
 * - `modelBadRequest`: the provider does not accept the request (other 4xx)
 * - `modelBadResponse`: the provider's answer cannot be read
 * - `modelTruncated`: the output limit was reached before the answer was usable
 * - `modelEmptyAnswer`: neither text nor a tool call
 * - `modelFailed`: the model client itself broke
 */
export class ModelError extends DurableAgentError {
  override name = 'ModelError';
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds the provider asked to wait, where it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    options: DurableAgentErrorOptions & { retryable?: boolean; retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The run loop gave up. Codes: `maxIterations`, `invalidStructuredOutput`. */
export class AgentRunError extends DurableAgentError {
  override name = 'AgentRunError';
}

/** A stored session document cannot be used. Nothing was changed. */
export class StateError extends DurableAgentError {
  override name = 'StateError';
}
