import type { JsonObject, JsonValue } from '../json.ts';
import { isObject } from '../state/stored-fields.ts';
import { digestOf } from './run-record.ts';

/** A request as callers see it. Its id is qualified. */
export interface DeskRequest {
  requestId: string;
  /** Who asks; in a sub-workflow `{node}~{ordinal}~{executor}`. */
  executorId: string;
  portId: string;
  data: JsonValue;
  superstep: number;
  /** Epoch ms. */
  createdAt: number;
  /** Epoch ms. */
  expiresAt?: number;
}

export type DeskEntry =
  | { status: 'pending'; request: DeskRequest }
  /** `value` is there until the run has taken it. */
  | { status: 'answered'; digest: string; value?: JsonValue }
  | { status: 'expired'; isTaken?: true };

/** The requests of a run and its sub-workflows: by qualified id, in the order in which they were asked. */
export interface Desk {
  schema: 1;
  entries: Record<string, DeskEntry>;
  isOver?: true;
}

/** What a run tells, and asks for. */
export interface SyncInput {
  /** Takes answers to requests whose ids begin so. */
  prefix: string;
  open: DeskRequest[];
  /** Ids of requests whose time is up. Where there is an answer, it stands. */
  expire: string[];
}

export interface SyncResult {
  arrivals: ({ requestId: string; value: JsonValue } | { requestId: string; isExpired: true })[];
}

export interface DeskOutcome {
  /** Undefined: as it was. */
  desk?: Desk;
  result?: SyncResult;
  /** Whether the run is to be woken. */
  wake?: boolean;
}

/**
 * The one place where answers are accepted. Invariants:
 * D1 of all answers to a request, and its end of time, the first stands.
 * D2 the run takes each answer once: giving it out and forgetting its value are one commit.
 * D3 what is answered is pending no more, from the same commit on.
 */
export function performDeskOperation(stored: unknown, operation: string, input: unknown): DeskOutcome {
  const desk = readDesk(stored);
  switch (operation.toLowerCase()) {
    case 'sync':
      return sync(desk ?? { schema: 1, entries: {} }, input as SyncInput);
    case 'answer':
      return desk === undefined ? {} : answer(desk, input);
    case 'end':
      return desk === undefined ? {} : { desk: end(desk) };
    default:
      // Somebody else's signal changes nothing.
      return {};
  }
}

/** The stored requests of a run, as the backend gives them or as their text; undefined if it has asked nothing yet. */
export function readDesk(stored: unknown): Desk | undefined {
  const desk: unknown = typeof stored === 'string' ? JSON.parse(stored) : stored;
  return isObject(desk) && isObject(desk.entries) ? (desk as unknown as Desk) : undefined;
}

/** The requests that wait for an answer, the oldest first. */
export function pendingOn(desk: Desk | undefined): DeskRequest[] {
  return Object.values(desk?.entries ?? {}).flatMap((entry) => (entry.status === 'pending' ? [entry.request] : []));
}

/** The entry of a request. Ids are from callers: names that every object has are no entries. */
export function entryOf(desk: Desk | undefined, requestId: string): DeskEntry | undefined {
  return desk !== undefined && Object.hasOwn(desk.entries, requestId) ? desk.entries[requestId] : undefined;
}

function sync(desk: Desk, { prefix, open, expire }: SyncInput): DeskOutcome {
  const entries = { ...desk.entries };
  for (const request of open) {
    if (!Object.hasOwn(entries, request.requestId)) entries[request.requestId] = { status: 'pending', request };
  }
  for (const id of expire) if (entries[id]?.status === 'pending') entries[id] = { status: 'expired' };
  const arrivals: SyncResult['arrivals'] = [];
  for (const [requestId, entry] of Object.entries(entries)) {
    if (!requestId.startsWith(prefix)) continue;
    if (entry.status === 'answered' && entry.value !== undefined) {
      arrivals.push({ requestId, value: entry.value });
      entries[requestId] = { status: 'answered', digest: entry.digest };
    } else if (entry.status === 'expired' && entry.isTaken === undefined) {
      arrivals.push({ requestId, isExpired: true });
      entries[requestId] = { status: 'expired', isTaken: true };
    }
  }
  return { desk: { ...desk, entries }, result: { arrivals } };
}

function answer(desk: Desk, input: unknown): DeskOutcome {
  const { requestId, value } = (isObject(input) ? input : {}) as JsonObject;
  if (typeof requestId !== 'string' || value === undefined) return {};
  if (desk.isOver || entryOf(desk, requestId)?.status !== 'pending') return {};
  const entry: DeskEntry = { status: 'answered', digest: digestOf(value), value };
  return { desk: { ...desk, entries: { ...desk.entries, [requestId]: entry } }, wake: true };
}

/** What is left of an ended run: enough to tell a repeated answer from another one. */
function end(desk: Desk): Desk {
  const entries: Desk['entries'] = {};
  for (const [id, entry] of Object.entries(desk.entries)) {
    if (entry.status === 'answered') entries[id] = { status: 'answered', digest: entry.digest };
  }
  return { schema: 1, entries, isOver: true };
}
