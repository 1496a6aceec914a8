import type { McpSdk } from './mcp-sdk.ts';

/** Errors of the system that come before a request has left. */
const notConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The SDK's code for requests that were in flight when the connection ended. Servers use it for other things too. */
const connectionClosed = -32000;

/**
 * Whether an error of a request means that the connection is gone: `unsent` if the server cannot have acted on it,
 * `unknown` if it may have; `undefined` if the connection is good and the server said no.
 */
export function lossOf(
  error: unknown,
  isClosed: boolean,
  { StreamableHTTPError }: Pick<McpSdk, 'StreamableHTTPError'>,
): 'unsent' | 'unknown' | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === 'Not connected') return 'unsent';
  if (error instanceof StreamableHTTPError) {
    // A server that was restarted does not know the session: 404 by the protocol, 400 from many.
    return error.code === 400 || error.code === 404 ? 'unsent' : undefined;
  }
  if (isClosed && (codeOf(error) === connectionClosed || error.name === 'AbortError')) return 'unknown';
  // What fetch throws when there was no answer.
  if (!(error instanceof TypeError)) return undefined;
  return notConnected.has(String(codeOf(error.cause))) ? 'unsent' : 'unknown';
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
