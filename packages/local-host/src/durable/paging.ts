import type { ApiRequest } from './api-types.ts';

const defaultPageSize = 100;
const largestPageSize = 1_000;

/** Rows per page: `top` if it is a count, 100 if not, at most 1,000. */
export function pageSize(query: URLSearchParams): number {
  const top = Number(query.get('top') ?? defaultPageSize);
  return Number.isInteger(top) && top > 0 ? Math.min(top, largestPageSize) : defaultPageSize;
}

/** Where the page asked for begins: after the id that the token names. */
export function pageStart({ continuation }: ApiRequest): { after?: string } {
  return continuation ? { after: Buffer.from(continuation, 'base64url').toString() } : {};
}

/** The header that leads to the page after this id. */
export function nextPage(lastId: string): Record<string, string> {
  return { 'x-ms-continuation-token': Buffer.from(lastId).toString('base64url') };
}
