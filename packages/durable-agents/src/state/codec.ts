import { StateError } from '../errors.ts';
import { emptyState, type FreshVersion, type StateDocument } from './entity-state.ts';
import { rememberSize } from './known-size.ts';
import { parseLosslessJson } from './lossless-json.ts';
import { RecentStates } from './recent-states.ts';
import { checkEntry, checkFields, checkList, invalidState, type Rules } from './state-checks.ts';
import { isObject } from './stored-fields.ts';
import { checkTerminalRecords } from './terminal-records.ts';

export { checkContent } from './state-checks.ts';

/** Three decimal numbers without leading zeros, and nothing else. */
const version = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;
const dataFields: Rules = { expirationTimeUtc: { kind: 'string' }, extensionData: { kind: 'object' } };

/**
 * Checks a session's stored state and gives it back as it is: nothing is dropped, renamed or filled in. Text is
 * parsed without loss; `null`, `undefined` and empty text mean a session that has not begun, which will be written in
 * `freshVersion`. A document that is there keeps its version.
 *
 * @throws StateError `invalidState` if a known part has the wrong shape, `stateVersionUnsupported` for a major version
 * other than 1 and 2.
 */
export function parseState(stored: unknown, freshVersion?: FreshVersion): StateDocument {
  const known = typeof stored === 'string' ? recent.get(stored) : undefined;
  if (known !== undefined) return known;
  const state = typeof stored === 'string' && stored !== '' ? parseText(stored) : stored;
  if (state === undefined || state === null || state === '') return emptyState(freshVersion);
  if (!isObject(state)) throw invalidState('', 'is not an object');
  const major = checkVersion(state.schemaVersion);
  if (!isObject(state.data)) throw invalidState('data', 'is not an object');
  checkFields(state.data, dataFields, 'data');
  checkList(state.data.conversationHistory, 'data.conversationHistory', checkEntry);
  if (major === '2') checkTerminalRecords(state.data);
  if (typeof stored === 'string') {
    rememberSize(state as StateDocument, stored);
    recent.add(stored, state as StateDocument);
  }
  return state as StateDocument;
}

const recent = new RecentStates();

function parseText(text: string): unknown {
  try {
    return parseLosslessJson(text);
  } catch (cause) {
    throw invalidState('', 'is not JSON', cause);
  }
}

function checkVersion(value: unknown): string {
  const major = typeof value === 'string' ? version.exec(value)?.[1] : undefined;
  if (major === undefined) throw invalidState('schemaVersion', 'is missing or not a version such as "1.1.0"');
  if (major === '1' || major === '2') return major;
  throw new StateError(
    'stateVersionUnsupported',
    `The session's state has schema version ${value}; this version of the library works with 1.x and 2.x.`,
    { fix: 'Use the runtime that wrote it, or start another session. Nothing was changed.' },
  );
}
