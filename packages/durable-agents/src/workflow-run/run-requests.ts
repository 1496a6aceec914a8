import type { Arrival } from '../workflow/effects.ts';
import { qualify } from '../workflow/pending.ts';
import type { DeskRequest, SyncInput, SyncResult } from './request-desk.ts';
import type { RunRecord } from './run-record.ts';

/** What a run has to tell the entity of requests; undefined if nothing waits for an answer. */
export function syncInput(record: RunRecord, prefix: string, now: number): SyncInput | undefined {
  const { requests } = record.state;
  const hasChildren = Object.keys(record.children).length > 0;
  if (requests.length === 0 && !hasChildren) return undefined;
  const known = new Set(record.asked);
  const open = requests
    .filter(({ requestId }) => !known.has(requestId))
    .map(
      (request): DeskRequest => ({
        ...request,
        requestId: `${prefix}${request.requestId}`,
        executorId: `${prefix}${request.executorId}`,
      }),
    );
  return { prefix, open, expire: expiredIds(record, prefix, now) };
}

/** When the next request's time is up, in the run and its sub-workflows; epoch ms. */
export function nextDeadline({ state, children }: RunRecord): number | undefined {
  const own = state.requests.flatMap(({ expiresAt }) => expiresAt ?? []);
  const all = [...own, ...Object.values(children).flatMap((child) => nextDeadline(child) ?? [])];
  return all.length === 0 ? undefined : Math.min(...all);
}

/** Whether the run, or a sub-workflow, waits for an answer. */
export function hasRequests({ state, children }: RunRecord): boolean {
  return state.requests.length > 0 || Object.values(children).some(hasRequests);
}

/** What the entity gave, with ids as the run itself has them. */
export function arrivalsOf({ arrivals }: SyncResult, prefix: string): Arrival[] {
  return arrivals.map((arrival): Arrival => {
    const requestId = arrival.requestId.slice(prefix.length);
    return 'value' in arrival ? { type: 'response', requestId, value: arrival.value } : { type: 'expired', requestId };
  });
}

/** Sorts what came by who it is for: the run, or a sub-workflow (`{node}~{ordinal}`). */
export function routeArrivals(arrivals: readonly Arrival[]): { own: Arrival[]; children: Map<string, Arrival[]> } {
  const own: Arrival[] = [];
  const children = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    const [node, ordinal, ...rest] = 'requestId' in arrival ? arrival.requestId.split('~') : [];
    if (rest.length === 0) {
      own.push(arrival);
      continue;
    }
    const key = `${node}~${ordinal}`;
    children.set(key, [...(children.get(key) ?? []), { ...arrival, requestId: rest.join('~') } as Arrival]);
  }
  return { own, children };
}

function expiredIds({ state, children }: RunRecord, prefix: string, now: number): string[] {
  const own = state.requests
    .filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
    .map(({ requestId }) => `${prefix}${requestId}`);
  const inner = Object.entries(children).flatMap(([key, child]) => {
    const at = key.lastIndexOf('~');
    return expiredIds(child, prefix + qualify(key.slice(0, at), Number(key.slice(at + 1)), ''), now);
  });
  return [...own, ...inner];
}
