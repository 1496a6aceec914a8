import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

export interface CorsOptions {
  /** Origins such as `http://localhost:3000`, or `*` for all. Default: none. */
  readonly origins?: readonly string[];
  /** Whether pages of those origins may send credentials. Default false. */
  readonly credentials?: boolean;
}

/** Seconds a browser may keep the answer to a preflight request. */
const PREFLIGHT_MAX_AGE = '600';

export function isListedOrigin(origin: string, options: CorsOptions): boolean {
  const wanted = withoutSlash(origin);
  return (options.origins ?? []).some((listed) => listed === '*' || withoutSlash(listed) === wanted);
}

/** A browser's question whether a page of another origin may send a request. */
export function isPreflight(request: IncomingMessage): boolean {
  const { headers } = request;
  return request.method === 'OPTIONS' && headers.origin !== undefined && asked(request, 'method') !== undefined;
}

/** Headers for any response to a listed origin. The origin is named, never `*`. */
export function corsHeaders(origin: string, options: CorsOptions): OutgoingHttpHeaders {
  return {
    'access-control-allow-origin': origin,
    vary: 'Origin',
    ...(options.credentials && { 'access-control-allow-credentials': 'true' }),
  };
}

/** Headers of the answer to a preflight request: exactly what was asked for, and no more. */
export function preflightHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const headers = asked(request, 'headers');
  return {
    'access-control-allow-methods': asked(request, 'method') ?? '',
    ...(headers && { 'access-control-allow-headers': headers }),
    ...(asked(request, 'private-network') && { 'access-control-allow-private-network': 'true' }),
    'access-control-max-age': PREFLIGHT_MAX_AGE,
  };
}

function asked(request: IncomingMessage, what: 'method' | 'headers' | 'private-network'): string | undefined {
  const value = request.headers[`access-control-request-${what}`];
  return Array.isArray(value) ? value.join(', ') : value;
}

function withoutSlash(origin: string): string {
  return origin.trim().toLowerCase().replace(/\/$/, '');
}
