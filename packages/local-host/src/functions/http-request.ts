import type { IncomingHttpHeaders } from 'node:http';
import type { RouteValues } from './route-template.ts';
import type { HttpData, Nullable } from './typed-data.ts';

export interface RequestParts {
  /** Upper case. */
  readonly method: string;
  /** Absolute. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly params: RouteValues;
  readonly body: Buffer;
}

/** A request in the form the host hands it to the worker. */
export function toHttpData(parts: RequestParts): HttpData {
  return {
    method: parts.method,
    url: parts.url.href,
    nullableHeaders: nullable(Object.entries(plainHeaders(parts.headers))),
    nullableQuery: nullable(Object.entries(joinedQuery(parts.url))),
    nullableParams: nullable(Object.entries(parts.params)),
    ...(parts.body.length > 0 && { body: { bytes: parts.body } }),
  };
}

/** Header values as one text each, under lower-case names. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) {
      plain[name] = Array.isArray(value) ? value.join(',') : value;
    }
  }
  return plain;
}

/** The real host's view of a query: one entry per key, whatever its case, with repeated values joined by a comma. */
export function joinedQuery(url: URL): Record<string, string> {
  const joined: Record<string, string> = Object.create(null);
  const spelling = new Map<string, string>();
  for (const [key, value] of url.searchParams) {
    const known = spelling.get(key.toLowerCase());
    if (known === undefined) {
      spelling.set(key.toLowerCase(), key);
      joined[key] = value;
    } else {
      joined[known] += `,${value}`;
    }
  }
  return joined;
}

/** Without a prototype: the keys come from the client. */
function nullable(entries: readonly [string, string][]): Record<string, Nullable<string>> {
  const map: Record<string, Nullable<string>> = Object.create(null);
  for (const [key, value] of entries) {
    map[key] = { value };
  }
  return map;
}
