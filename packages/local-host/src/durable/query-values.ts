import type { RuntimeStatus } from '../engine/instance.ts';
import type { InstanceQuery } from '../store/store.ts';

/** A value in the query cannot be read. Nothing was done. */
export class QueryError extends Error {
  override name = 'QueryError';
  readonly code = 'invalidQuery';
}

/** `true` or `false` in any case, as .NET and Python clients write them; anything else is as if it were not there. */
export function flag(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)?.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

/** Epoch ms. @throws QueryError: a filter that is left out by mistake would show, or purge, more than was asked for */
export function time(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  // The plus of a zone that was not escaped has become a space.
  const value = Date.parse(text.replace(/ (?=\d\d:?\d\d$)/, '+'));
  if (Number.isNaN(value)) throw new QueryError(`${name} is not a time: write it as 2030-01-31T12:00:00Z.`);
  return value;
}

/** Which instances a list or a purge is about. @throws QueryError */
export function instanceFilter(query: URLSearchParams): Omit<InstanceQuery, 'after' | 'limit'> {
  const statuses = query.get('runtimeStatus');
  const createdFrom = time(query, 'createdTimeFrom');
  const createdTo = time(query, 'createdTimeTo');
  const idPrefix = query.get('instanceIdPrefix');
  return {
    ...(statuses && { statuses: statuses.split(',').map((status) => status.trim()) as RuntimeStatus[] }),
    ...(createdFrom !== undefined && { createdFrom }),
    ...(createdTo !== undefined && { createdTo }),
    ...(idPrefix && { idPrefix }),
  };
}

/** How long a start waits for the end, in milliseconds; undefined if it does not. @throws QueryError */
export function waiting(query: URLSearchParams): { timeoutMs: number; intervalMs: number } | undefined {
  const [timeout, interval] = [secondsOf(query, 'timeout'), secondsOf(query, 'pollingInterval')];
  if (timeout === undefined || interval === undefined) return undefined;
  if (interval > timeout) throw new QueryError('timeout has to be at least pollingInterval.');
  return { timeoutMs: timeout * 1_000, intervalMs: interval * 1_000 };
}

function secondsOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  const value = Number(text);
  return text === null || text === '' || !Number.isFinite(value) || value < 0 ? undefined : value;
}
