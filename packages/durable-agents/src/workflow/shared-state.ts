import type { JsonValue } from '../json.ts';
import { WorkflowError } from './errors.ts';

/** Scope of keys that name none. */
export const defaultScope = 'default';

/** State that the executors of a run share: scope → key → value. */
export type SharedState = Record<string, Record<string, JsonValue>>;

/** A change to the state: no key clears the scope, no value deletes the key. */
export interface StateChange {
  scope?: string;
  key?: string;
  value?: JsonValue;
}

/** @throws WorkflowError `reservedStateKey` */
export function checkStateName(name: string, what: 'key' | 'scope'): string {
  if (typeof name === 'string' && name !== '' && !name.startsWith('_')) return name;
  throw new WorkflowError('reservedStateKey', `${JSON.stringify(name)} cannot be a ${what} of shared state.`, {
    fix: 'Use a text that is not empty and does not begin with "_".',
  });
}

export function readState(state: SharedState, scope: string, key: string): JsonValue | undefined {
  const values = scopeOf(state, scope);
  // Names such as "constructor" are there on every object.
  return values !== undefined && Object.hasOwn(values, key) ? values[key] : undefined;
}

export function stateKeys(state: SharedState, scope: string): string[] {
  return Object.keys(scopeOf(state, scope) ?? {});
}

/** The state after the changes, in their order. What they do not touch is shared with the old state. */
export function applyChanges(state: SharedState, changes: readonly StateChange[]): SharedState {
  if (changes.length === 0) return state;
  const next: SharedState = { ...state };
  const copied = new Set<string>();
  for (const { scope = defaultScope, key, value } of changes) {
    if (key === undefined) {
      delete next[scope];
      copied.delete(scope);
      continue;
    }
    if (!copied.has(scope)) {
      next[scope] = { ...scopeOf(next, scope) };
      copied.add(scope);
    }
    const values = next[scope] as Record<string, JsonValue>;
    if (value === undefined) delete values[key];
    else values[key] = value;
  }
  return next;
}

export interface StateConflict {
  scope: string;
  /** Absent: one of them cleared the scope. */
  key: string | undefined;
  executorIds: string[];
}

/** What several executors changed in the same superstep. */
export function stateConflicts(changes: ReadonlyMap<string, readonly StateChange[]>): StateConflict[] {
  const writers = new Map<string, Map<string | undefined, Set<string>>>();
  for (const [executorId, list] of changes) {
    for (const { scope = defaultScope, key } of list) {
      const keys = writers.get(scope) ?? new Map<string | undefined, Set<string>>();
      writers.set(scope, keys.set(key, (keys.get(key) ?? new Set()).add(executorId)));
    }
  }
  const conflicts: StateConflict[] = [];
  for (const [scope, keys] of writers) {
    for (const [key, by] of keys) {
      const executorIds = [...new Set([...by, ...(keys.get(undefined) ?? [])])];
      if (executorIds.length > 1) conflicts.push({ scope, key, executorIds });
    }
  }
  return conflicts;
}

function scopeOf(state: SharedState, scope: string): Record<string, JsonValue> | undefined {
  return Object.hasOwn(state, scope) ? state[scope] : undefined;
}
