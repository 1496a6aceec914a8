import type { CallHttpAction } from './actions.ts';

/** Name of the activity that makes an orchestrator's HTTP calls, as in the Durable extension. */
export const httpActivityName = 'BuiltIn::HttpActivity';

/** Pause between polls when the answer names none, in milliseconds. */
export const defaultPollMs = 30_000;

/** What the HTTP activity is given: the request of the `CallHttp` action. */
export interface HttpCallRequest {
  method: string;
  uri: string;
  content?: string | null;
  headers?: Record<string, string> | null;
  /** Asks for a token of this resource and sends it along. */
  tokenSource?: { resource: string; kind?: string } | null;
  asynchronousPatternEnabled?: boolean;
}

/** What the HTTP activity returns. */
export interface HttpCallResponse {
  statusCode: number;
  content: string;
  headers: Record<string, string>;
}

/** Header names that belong to the first request only. A function's key is no key of its status page. */
const firstRequestOnly = new Set(['x-functions-key', 'content-type', 'content-length']);
/** Header names that must not reach another origin. */
const credentials = new Set(['authorization', 'cookie', 'proxy-authorization']);

/**
 * The next request of a polled call, and when to make it; undefined if the answer is the final one.
 *
 * @param action the call that was answered
 * @param result its answer as JSON text
 */
export function httpPoll(
  action: CallHttpAction,
  result: string,
  now: number,
): { action: CallHttpAction; at: number } | undefined {
  const response = JSON.parse(result) as HttpCallResponse | null;
  const location = headerOf(response?.headers, 'location');
  if (response?.statusCode !== 202 || !location) return undefined;
  const { httpRequest } = action;
  const base = URL.canParse(httpRequest.uri) ? httpRequest.uri : undefined;
  const target = URL.canParse(location, base) ? new URL(location, base).href : location;
  const sameOrigin = base !== undefined && URL.canParse(target) && new URL(target).origin === new URL(base).origin;
  const headers = Object.entries(httpRequest.headers ?? {}).filter(([name]) => {
    const lower = name.toLowerCase();
    return !firstRequestOnly.has(lower) && (sameOrigin || !credentials.has(lower));
  });
  const request: HttpCallRequest = {
    method: 'GET',
    uri: target,
    headers: Object.fromEntries(headers),
    asynchronousPatternEnabled: true,
  };
  if (httpRequest.tokenSource && sameOrigin) request.tokenSource = httpRequest.tokenSource;
  return { action: { ...action, httpRequest: request }, at: now + pollPause(response.headers, now) };
}

/** From `Retry-After`, in seconds or as a date; at least a second, so that a server's mistake is no endless spin. */
function pollPause(headers: Record<string, string>, now: number): number {
  const text = headerOf(headers, 'retry-after');
  if (!text) return defaultPollMs;
  const seconds = Number(text);
  const pause = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1_000;
  return Number.isNaN(pause) ? defaultPollMs : Math.max(1_000, pause);
}

function headerOf(headers: Record<string, string> | undefined, name: string): string | undefined {
  return Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
}
