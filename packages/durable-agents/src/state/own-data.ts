import { StateError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { extensionKey, type StateDocument } from './entity-state.ts';
import { isObject } from './stored-fields.ts';

/**
 * Our own facts about a session, for which the schema has no field: `data.extensionData["durable-agents"]`.
 *
 * @throws StateError `invalidState` if something else is in their place.
 */
export function ownData(state: StateDocument): JsonObject {
  const metadata = state.data.extensionData ?? {};
  if (!isObject(metadata)) throw damaged('extensionData');
  const own = metadata[extensionKey] ?? {};
  if (!isObject(own)) throw damaged(`extensionData["${extensionKey}"]`);
  return own as JsonObject;
}

/**
 * A document with other facts of ours; a part given as `undefined` is removed, parts not named stay. When nothing of
 * ours is left, nothing of its place is left either.
 */
export function withOwnData(state: StateDocument, part: JsonObject): StateDocument {
  const own = definedOnly({ ...ownData(state), ...part });
  const { [extensionKey]: _, ...others } = (state.data.extensionData ?? {}) as JsonObject;
  const { extensionData: before, ...data } = state.data;
  if (own !== undefined) {
    return { ...state, data: { ...state.data, extensionData: { ...others, [extensionKey]: own } } };
  }
  if (!isObject(before) || !(extensionKey in before)) return state;
  return { ...state, data: Object.keys(others).length > 0 ? { ...state.data, extensionData: others } : data };
}

function definedOnly(object: JsonObject): JsonObject | undefined {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function damaged(place: string): StateError {
  return new StateError('invalidState', `In the session's stored state, data.${place} is not an object.`, {
    fix: 'Restore the state from a backup, or reset the session. Nothing was changed.',
  });
}
