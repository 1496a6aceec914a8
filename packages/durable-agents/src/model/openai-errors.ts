import { boundText } from '../agent/bound-text.ts';
import { DurableAgentError, ModelError } from '../errors.ts';

type Sdk = typeof import('openai');

/**
 * Whatever the `openai` package threw, as a ModelError. The original is not kept as its cause: it holds headers and
 * text that may show parts of a key.
 */
export function toModelError(error: unknown, sdk: Sdk, secret: string | undefined): DurableAgentError {
  if (DurableAgentError.is(error)) return error;
  // The SDK wraps what a token callback throws; ours says more.
  if (error instanceof Error && DurableAgentError.is(error.cause)) return error.cause;
  const text = publicText(error, secret);
  if (error instanceof sdk.APIUserAbortError || (error instanceof Error && error.name === 'AbortError')) {
    return new ModelError('modelAborted', 'The model call was stopped.', { retryable: true });
  }
  if (error instanceof sdk.APIConnectionTimeoutError) {
    return new ModelError('modelTimeout', 'The model server gave no answer in time.', { retryable: true });
  }
  if (error instanceof sdk.APIError && error.status !== undefined) {
    const { status, code, error: body, headers } = error;
    return fromStatus({ status, code, inner: innerCode(body), retryAfterMs: readRetryAfterMs(headers) }, text);
  }
  // An error event within a stream: the status was sent long before, and said that all is well.
  if (error instanceof sdk.APIError && !(error instanceof sdk.APIConnectionError)) {
    return toEventError({ code: error.code, type: error.type, message: error.message }, secret);
  }
  if (error instanceof SyntaxError) {
    return new ModelError('modelBadResponse', 'The model server answered with something that is not JSON.', {
      fix: 'Check that the base URL points to an OpenAI-compatible Chat Completions server.',
    });
  }
  // Connection errors, and bodies that break off: fetch reports those as a bare TypeError.
  if (error instanceof sdk.APIConnectionError || error instanceof TypeError) {
    return new ModelError('modelUnavailable', `The connection to the model server failed: ${text}`, {
      fix: 'Check the endpoint and the network.',
      retryable: true,
    });
  }
  return new ModelError('modelFailed', `The model call failed: ${text}`);
}

/** A stream that ended before its end. */
export function brokenStream(): ModelError {
  return new ModelError('modelUnavailable', "The model server's answer broke off before its end.", {
    fix: 'Try again; if it stays so, look for a proxy that closes long answers.',
    retryable: true,
  });
}

/**
 * An error that came as data, in a stream or in an answer with status 200. Without a code that says otherwise it is
 * the server's failure.
 */
export function toEventError(
  error: { code?: unknown; type?: unknown; message?: unknown },
  secret?: string,
): ModelError {
  const { code, type, message } = error;
  return fromStatus(
    { status: statusOf(code, type), code: String(code ?? ''), inner: undefined, retryAfterMs: undefined },
    publicText(typeof message === 'string' ? message : 'it gave no reason', secret),
  );
}

function statusOf(code: unknown, type: unknown): number {
  const number = Number(code);
  if (Number.isInteger(number) && number >= 400 && number < 600) return number;
  const names = [String(code ?? ''), String(type ?? '')];
  if (names.some((name) => /rate_?limit|too_many_requests|insufficient_quota/i.test(name))) return 429;
  if (names.some((name) => /content_(filter|policy)/i.test(name))) return 400;
  if (names.some((name) => /^(invalid_|context_length|.*image|empty_|failed_to_download|.*_policy)/i.test(name)))
    return 400;
  return 500;
}

interface Failure {
  status: number;
  code: string | null | undefined;
  /** Azure's own code, within the error. */
  inner: unknown;
  retryAfterMs: number | undefined;
}

function fromStatus(failure: Failure, text: string): ModelError {
  const { status, retryAfterMs } = failure;
  const later = { retryable: true, ...(retryAfterMs !== undefined && { retryAfterMs, details: { retryAfterMs } }) };
  if (status === 401 || status === 403) {
    // No text of the provider: it repeats parts of the key.
    return new ModelError('modelUnauthorized', `The model server refused the credentials (${status}).`, {
      fix: 'Check the API key, or that the identity has a role on the model resource (Cognitive Services OpenAI User).',
    });
  }
  if (status === 404) {
    return new ModelError('modelNotFound', `The model server does not know this model or address: ${text}`, {
      fix: 'Check the model or deployment name, the endpoint and the API version.',
    });
  }
  if (status === 408) return new ModelError('modelTimeout', `The model server timed out: ${text}`, later);
  if (status === 429) {
    const isQuota = failure.code === 'insufficient_quota';
    return new ModelError('modelRateLimited', `The model server limits the rate of requests: ${text}`, {
      fix: isQuota ? 'Check the plan and billing of the account.' : 'Wait, or raise the quota of the model.',
      ...later,
      retryable: !isQuota,
    });
  }
  if (status >= 500 || status === 409) {
    return new ModelError('modelUnavailable', `The model server failed: ${text}`, later);
  }
  if (status === 400 && isContentFilter(failure)) {
    return new ModelError('modelRefused', 'The content filter of the model server refused the request.', {
      fix: "Rephrase the message, or adjust the provider's content filter.",
    });
  }
  return new ModelError('modelBadRequest', `The model server does not accept the request: ${text}`);
}

function isContentFilter({ code, inner }: Failure): boolean {
  return (
    /^(content_filter|content_policy_violation|image_content_policy_violation)$/.test(code ?? '') ||
    inner === 'ResponsibleAIPolicyViolation'
  );
}

function innerCode(body: unknown): unknown {
  return (body as { innererror?: { code?: unknown } } | undefined)?.innererror?.code;
}

/** `retry-after-ms`, else `retry-after` in seconds or as an HTTP date. Undefined if it makes no sense. */
function readRetryAfterMs(headers: Headers | undefined): number | undefined {
  const inMs = headers?.get('retry-after-ms');
  if (inMs && /^\d+(\.\d+)?$/.test(inMs)) return Math.ceil(Number(inMs));
  const value = headers?.get('retry-after')?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  // A date has letters; Date.parse alone would take "-1" for a year.
  const date = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** The error's text, short and without keys. */
function publicText(error: unknown, secret: string | undefined): string {
  let text = error instanceof Error ? error.message : String(error);
  const detail = rootCause(error);
  if (detail !== undefined) text += ` (${detail})`;
  if (secret !== undefined && secret.length >= 4) text = text.replaceAll(secret, '***');
  text = text
    .replace(/\b(sk-|Bearer\s+)[\w.*+/=-]+/gi, '$1***')
    .replace(/([?&](?:api[-_]?key|code|sig)=)[^&\s]+/gi, '$1***');
  return boundText(text, 500);
}

/** The innermost reason, such as ECONNREFUSED: a network failure comes wrapped twice. */
function rootCause(error: unknown): string | undefined {
  let cause = error;
  for (let depth = 0; depth < 5 && cause instanceof Error && cause.cause instanceof Error; depth++) cause = cause.cause;
  return cause instanceof Error && cause !== error
    ? ((cause as NodeJS.ErrnoException).code ?? cause.message)
    : undefined;
}
