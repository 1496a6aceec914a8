import type { JsonObject } from '../json.ts';
import { isObject } from '../state/stored-fields.ts';

/** Name of the orchestration that waits for the end of a session. */
export const expiryOrchestration = 'dafx-session-expiry';

/** Name of the entity operation that looks whether the session is over. */
export const expiryOperation = 'CheckAndDeleteIfExpired';

/** Name of the activity that removes what is left of waits which have ended. */
export const sweepActivity = 'dafx-session-sweep';

/** Begins the instance ids of the waits. */
export const expiryInstancePrefix = 'dafx-expiry-';

/** Which waits sweep at their end: by their id, one in eight, so that the list of those that ended is not read for each. */
const sweeps = /[08]$/;

/** How long to wait after a look that failed, in milliseconds. */
const retryMs = 300_000;

/** What the waiting needs of its orchestration. Everything here gives the same again on a replay. */
export interface ExpiryCalls<Task> {
  readonly instanceId: string;
  now(): Date;
  createTimer(fireAt: Date): Task;
  callEntity(name: string, key: string, operation: string, input: JsonObject): Task;
  callActivity(name: string, input: JsonObject): Task;
  continueAsNew(input: JsonObject): void;
}

/**
 * Waits until a session's deadline is due and asks its entity to look; goes on with a fresh history at the time that
 * the entity gives, and ends when the session is gone or has no deadline. Its result says which. An orchestration cannot
 * remove itself, so now and then one removes those that have ended before it.
 *
 * @throws TypeError if the input is not one of ours.
 */
export function* waitForExpiry<Task>(calls: ExpiryCalls<Task>, input: unknown): Generator<Task, string, unknown> {
  const { entity, key, dueAt } = readInput(input);
  if (dueAt.getTime() > calls.now().getTime()) yield calls.createTimer(dueAt);
  const next = yield* look(calls, entity, key);
  if (typeof next === 'string') {
    if (sweeps.test(calls.instanceId)) yield* sweep(calls);
    return next;
  }
  calls.continueAsNew({ entity, key, dueAt: next.toISOString() });
  return 'waiting';
}

function* look<Task>(calls: ExpiryCalls<Task>, entity: string, key: string): Generator<Task, string | Date, unknown> {
  let result: unknown;
  try {
    result = yield calls.callEntity(entity, key, expiryOperation, { instanceId: calls.instanceId });
  } catch {
    // The session is still there, and nobody else will look: try again later. The entity has logged why it failed.
    return new Date(calls.now().getTime() + retryMs);
  }
  if (!isObject(result)) return 'done';
  const nextCheckAt = typeof result.nextCheckAt === 'string' ? new Date(result.nextCheckAt) : undefined;
  if (nextCheckAt !== undefined && !Number.isNaN(nextCheckAt.getTime())) return nextCheckAt;
  // A state that cannot be read is never deleted by time; the next message after a reset asks for a check again.
  return typeof result.status === 'string' ? result.status : 'done';
}

function* sweep<Task>(calls: ExpiryCalls<Task>): Generator<Task, void, unknown> {
  try {
    yield calls.callActivity(sweepActivity, {});
  } catch {
    // The activity has logged it, and the next one sweeps again.
  }
}

function readInput(input: unknown): { entity: string; key: string; dueAt: Date } {
  const { entity, key, dueAt } = isObject(input) ? input : {};
  const time = new Date(typeof dueAt === 'string' ? dueAt : Number.NaN);
  if (typeof entity !== 'string' || typeof key !== 'string' || Number.isNaN(time.getTime())) {
    throw new TypeError(
      `The input of ${expiryOrchestration} must be {entity, key, dueAt}. Sessions start it by themselves.`,
    );
  }
  return { entity, key, dueAt: time };
}
