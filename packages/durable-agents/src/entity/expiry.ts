import { createHash } from 'node:crypto';
import { type AgentSessionId, entityName, parseSessionId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { expiryInstancePrefix, expiryOrchestration } from '../session/expiry-orchestration.ts';
import type { StateDocument } from '../state/entity-state.ts';
import { isObject } from '../state/stored-fields.ts';
import { completionReceipts, hasTerminalRecords } from '../state/terminal-records.ts';
import type { ExpirySettings } from './expiry-settings.ts';
import type { SessionAction } from './session-actions.ts';
import { isBusy, readBookkeeping, writeBookkeeping } from './session-bookkeeping.ts';

/** How long a check may be overdue before it counts as lost, and a deadline earlier than its check before it matters. */
const slackMs = 3_600_000;

/** How soon to look again at a session that is past its deadline but has a turn running or parked. */
const busyRecheckMs = 3_600_000;

/** A turn that has ended. */
export interface EndedTurn {
  correlationId: string;
  succeeded: boolean;
}

/**
 * Moves the deadline of a session at the end of a turn, and asks for the orchestration that will look at it, once. A
 * failed turn moves nothing, but a session without a deadline gets one: it must not stay for ever.
 */
export function expiryAfterRun(
  state: StateDocument,
  turn: EndedTurn,
  sessionId: AgentSessionId,
  { ttlMs, minCheckDelayMs }: ExpirySettings,
  now: Date,
): { state: StateDocument; actions: SessionAction[] } {
  if (ttlMs === null) return { state: withoutDeadline(state), actions: [] };
  if (!turn.succeeded && deadlineOf(state) !== undefined) return { state, actions: [] };
  const deadline = now.getTime() + ttlMs;
  const moved = withDeadline(state, deadline);
  if (keepsReceipts(moved) || hasCheckBefore(moved, deadline, now)) return { state: moved, actions: [] };
  const dueAt = toText(Math.max(deadline, now.getTime() + minCheckDelayMs));
  const instanceId = checkInstanceId(sessionId, turn.correlationId);
  const { agentName, key } = parseSessionId(sessionId);
  const input = { entity: entityName(agentName), key, dueAt };
  return {
    state: writeBookkeeping(moved, { expiryCheck: { instanceId, dueAt } }),
    actions: [{ type: 'startOrchestration', name: expiryOrchestration, instanceId, input, optional: true }],
  };
}

/** What the session's state says about its end. */
export type ExpiryCheckOutcome =
  | { status: 'delete' }
  /** Look again then. */
  | { status: 'wait'; nextCheckAt: Date }
  /** There is nothing to look at any more. */
  | { status: 'done' };

/** Whether a session is to be deleted now. Not before its deadline, and not while a turn runs, waits or is parked. */
export function checkExpiry(state: StateDocument, settings: ExpirySettings, now: Date): ExpiryCheckOutcome {
  const deadline = deadlineOf(state);
  if (deadline === undefined || keepsReceipts(state)) return { status: 'done' };
  const { ttlMs, minCheckDelayMs } = settings;
  const soonest = now.getTime() + minCheckDelayMs;
  if (now.getTime() < deadline) return { status: 'wait', nextCheckAt: new Date(Math.max(deadline, soonest)) };
  if (!isBusy(readBookkeeping(state))) return { status: 'delete' };
  const recheck = now.getTime() + Math.min(ttlMs ?? busyRecheckMs, busyRecheckMs);
  return { status: 'wait', nextCheckAt: new Date(Math.max(soonest, recheck)) };
}

/** Whether a message that arrives now begins a fresh conversation: the session is over, only not yet deleted. */
export function isExpired(state: StateDocument, now: Date): boolean {
  const deadline = deadlineOf(state);
  if (deadline === undefined || keepsReceipts(state)) return false;
  return now.getTime() >= deadline && !isBusy(readBookkeeping(state));
}

export interface ExpiryOperation {
  /** The new state; absent means that what is stored stays as it is. */
  state?: StateDocument;
  /** The whole entity is to be deleted. */
  deleted?: true;
  /** `{status: "deleted" | "waiting" | "done", nextCheckAt?}` */
  result: JsonObject;
}

/**
 * The operation `CheckAndDeleteIfExpired`. A check that another one has taken the place of ends without a look; the
 * self-signals of other runtimes, which have no input, are served too.
 */
export function performExpiryCheck(
  state: StateDocument,
  input: unknown,
  settings: ExpirySettings,
  now: Date,
): ExpiryOperation {
  const caller = isObject(input) && typeof input.instanceId === 'string' ? input.instanceId : undefined;
  const { expiryCheck } = readBookkeeping(state);
  if (caller !== undefined && expiryCheck !== undefined && expiryCheck.instanceId !== caller) return done;
  const outcome = checkExpiry(state, settings, now);
  if (outcome.status === 'delete') return { deleted: true, result: { status: 'deleted' } };
  if (outcome.status === 'done') {
    return expiryCheck === undefined ? done : { ...done, state: writeBookkeeping(state, { expiryCheck: undefined }) };
  }
  const nextCheckAt = outcome.nextCheckAt.toISOString();
  const result = { status: 'waiting', nextCheckAt };
  if (caller === undefined) return { result };
  return {
    state: writeBookkeeping(state, { expiryCheck: { ...expiryCheck, instanceId: caller, dueAt: nextCheckAt } }),
    result,
  };
}

const done: ExpiryOperation = { result: { status: 'done' } };

/**
 * One id a check, not a session: a check that is just ending must not stand in the way of the one for the session's
 * next life. The turn's id makes it the same when the operation is delivered again.
 */
function checkInstanceId(sessionId: AgentSessionId, correlationId: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([sessionId, correlationId]))
    .digest('hex');
  return `${expiryInstancePrefix}${hash.slice(0, 32)}`;
}

function hasCheckBefore(state: StateDocument, deadline: number, now: Date): boolean {
  const dueAt = Date.parse(readBookkeeping(state).expiryCheck?.dueAt ?? '');
  return dueAt + slackMs >= now.getTime() && dueAt <= deadline + slackMs;
}

/** Receipts stay as long as the session, so a session that keeps them is not deleted by time. */
function keepsReceipts(state: StateDocument): boolean {
  return hasTerminalRecords(state) && Object.keys(completionReceipts(state)).length > 0;
}

/** A deadline that is no time is none: nothing is deleted because of it. */
function deadlineOf({ data }: StateDocument): number | undefined {
  const deadline = Date.parse(data.expirationTimeUtc ?? '');
  return Number.isNaN(deadline) ? undefined : deadline;
}

function withDeadline(state: StateDocument, deadline: number): StateDocument {
  return { ...state, data: { ...state.data, expirationTimeUtc: toText(deadline) } };
}

function withoutDeadline(state: StateDocument): StateDocument {
  if (deadlineOf(state) === undefined) return state;
  const { expirationTimeUtc: _, ...data } = state.data;
  return { ...state, data };
}

function toText(time: number): string {
  return new Date(time).toISOString();
}
