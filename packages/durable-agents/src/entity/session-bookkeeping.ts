import { StateError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { StateDocument } from '../state/entity-state.ts';
import { ownData, withOwnData } from '../state/own-data.ts';
import { isObject } from '../state/stored-fields.ts';

/*
 * What a session must remember besides its conversation. It is in the state document under our own key, so it is
 * committed with the history it belongs to. Fields that this version does not know are kept.
 */

/** The turn that an orchestration is working on. */
export interface ActiveTurn extends JsonObject {
  correlationId: string;
  /** The orchestration. */
  instanceId: string;
  /** RFC 3339 time. */
  startedAt: string;
  /** The run request, as it is written to the entity. */
  request: JsonObject;
  /** Tool calls that wait for a decision. */
  approvals?: JsonObject[];
}

/** A message that waits for the turns before it. */
export interface QueuedTurn extends JsonObject {
  correlationId: string;
  request: JsonObject;
  /** RFC 3339 time. */
  enqueuedAt: string;
}

export interface SessionTurns {
  active?: ActiveTurn | undefined;
  /** In the order of arrival. */
  queue: readonly QueuedTurn[];
}

/** The orchestration that will look whether the session has expired. */
export interface ExpiryCheck extends JsonObject {
  instanceId: string;
  /** RFC 3339 time of its next look. */
  dueAt: string;
}

export interface Bookkeeping {
  turns: SessionTurns;
  /** The orchestration of the last turn that has ended; its history is removed when the next one has. */
  endedInstance?: string | undefined;
  expiryCheck?: ExpiryCheck | undefined;
}

/**
 * The bookkeeping of a session; of one that has none, an empty queue.
 *
 * @throws StateError `invalidState` if a known part has the wrong shape: a waiting message must never get lost.
 */
export function readBookkeeping(state: StateDocument): Bookkeeping {
  const { turns, expiryCheck, endedInstance } = ownData(state);
  return {
    turns: turns === undefined ? { queue: [] } : readTurns(turns),
    ...(typeof endedInstance === 'string' && { endedInstance }),
    ...(expiryCheck !== undefined && { expiryCheck: fields<ExpiryCheck>(expiryCheck, 'expiryCheck', checkFields) }),
  };
}

/** A document with other bookkeeping. A part that is not named stays; one that is `undefined` goes, except `turns`. */
export function writeBookkeeping(state: StateDocument, part: Partial<Bookkeeping>): StateDocument {
  const written: JsonObject = {};
  if ('expiryCheck' in part) written.expiryCheck = part.expiryCheck;
  if ('endedInstance' in part) written.endedInstance = part.endedInstance;
  if (part.turns !== undefined) written.turns = writeTurns(ownData(state).turns, part.turns);
  return withOwnData(state, written);
}

/** Whether a turn of the session is running, parked or waiting. */
export function isBusy({ turns }: Bookkeeping): boolean {
  return turns.active !== undefined || turns.queue.length > 0;
}

const activeFields = { correlationId: 'string', instanceId: 'string', startedAt: 'string', request: 'object' } as const;
const queuedFields = { correlationId: 'string', request: 'object', enqueuedAt: 'string' } as const;
const checkFields = { instanceId: 'string', dueAt: 'string' } as const;

function readTurns(stored: JsonValue): SessionTurns {
  if (!isObject(stored)) throw damaged('turns', 'an object');
  const { active, queue = [] } = stored as JsonObject;
  if (!Array.isArray(queue)) throw damaged('turns.queue', 'a list');
  return {
    ...(active !== undefined && active !== null && { active: readActive(active) }),
    queue: queue.map((item, index) => fields<QueuedTurn>(item, `turns.queue[${index}]`, queuedFields)),
  };
}

function readActive(stored: JsonValue): ActiveTurn {
  const active = fields<ActiveTurn>(stored, 'turns.active', activeFields);
  const { approvals } = active as JsonObject;
  if (approvals !== undefined && !(Array.isArray(approvals) && approvals.every(isObject))) {
    throw damaged('turns.active.approvals', 'a list of objects');
  }
  return active;
}

/** Nothing is written for a session at rest. */
function writeTurns(stored: JsonValue | undefined, { active, queue }: SessionTurns): JsonObject | undefined {
  const { active: _, queue: __, ...others } = isObject(stored) ? (stored as JsonObject) : {};
  const turns: JsonObject = {
    ...others,
    ...(active !== undefined && { active }),
    ...(queue.length > 0 && { queue: [...queue] }),
  };
  return Object.keys(turns).length === 0 ? undefined : turns;
}

function fields<Part extends JsonObject>(
  stored: JsonValue,
  place: string,
  kinds: Readonly<Record<string, 'string' | 'object'>>,
): Part {
  if (!isObject(stored)) throw damaged(place, 'an object');
  for (const [name, kind] of Object.entries(kinds)) {
    const value = stored[name];
    if (kind === 'string' ? typeof value !== 'string' : !isObject(value)) {
      throw damaged(`${place}.${name}`, kind === 'string' ? 'a text' : 'an object');
    }
  }
  return stored as Part;
}

function damaged(place: string, expected: string): StateError {
  return new StateError('invalidState', `In the bookkeeping of the session, ${place} is not ${expected}.`, {
    fix: 'Restore the state from a backup, or reset the session. Nothing was changed.',
  });
}
