import { StateError } from '../errors.ts';
import { emptyState, type StateDocument } from './entity-state.ts';
import { parseLosslessJson } from './lossless-json.ts';
import {
  contentFields,
  entryFields,
  type FieldRule,
  isInteger,
  isObject,
  messageFields,
  usageFields,
} from './stored-fields.ts';

/** Three decimal numbers without leading zeros, and nothing else. */
const version = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;
const supportedMajor = '1';
const dataFields: Rules = { expirationTimeUtc: { kind: 'string' } };

/**
 * Checks a session's stored state and gives it back as it is: nothing is dropped, renamed or filled in. Text is
 * parsed without loss; `null`, `undefined` and empty text mean a session that has not begun.
 *
 * @throws StateError `invalidState` if a known part has the wrong shape, `stateVersionUnsupported` for another major
 * version.
 */
export function parseState(stored: unknown): StateDocument {
  const state = typeof stored === 'string' && stored !== '' ? parseText(stored) : stored;
  if (state === undefined || state === null || state === '') return emptyState();
  if (!isObject(state)) throw invalid('', 'is not an object');
  checkVersion(state.schemaVersion);
  if (!isObject(state.data)) throw invalid('data', 'is not an object');
  checkFields(state.data, dataFields, 'data');
  checkList(state.data.conversationHistory, 'data.conversationHistory', checkEntry);
  return state as StateDocument;
}

function parseText(text: string): unknown {
  try {
    return parseLosslessJson(text);
  } catch (cause) {
    throw invalid('', 'is not JSON', cause);
  }
}

function checkVersion(value: unknown): void {
  const major = typeof value === 'string' ? version.exec(value)?.[1] : undefined;
  if (major === undefined) throw invalid('schemaVersion', 'is missing or not a version such as "1.1.0"');
  if (major !== supportedMajor) {
    throw new StateError(
      'stateVersionUnsupported',
      `The session's state has schema version ${value}; this version of the library works with 1.x.`,
      { fix: 'Use the runtime that wrote it, or start another session. Nothing was changed.' },
    );
  }
}

function checkEntry(entry: Record<string, unknown>, path: string): void {
  checkFields(entry, entryFields, path);
  checkList(entry.messages, `${path}.messages`, checkMessage);
}

function checkMessage(message: Record<string, unknown>, path: string): void {
  checkFields(message, messageFields, path);
  checkList(message.contents, `${path}.contents`, checkContent);
}

/** Checks one stored content; `path` names it in the error. */
export function checkContent(content: Record<string, unknown>, path: string): void {
  if (typeof content.$type !== 'string') throw invalid(`${path}.$type`, 'is missing or not a string');
  const fields = contentFields.get(content.$type);
  if (fields !== undefined) checkFields(content, fields, path);
}

function checkList(value: unknown, path: string, check: (item: Record<string, unknown>, path: string) => void): void {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw invalid(path, 'is not an array');
  for (const [index, item] of value.entries()) {
    if (!isObject(item)) throw invalid(`${path}[${index}]`, 'is not an object');
    check(item, `${path}[${index}]`);
  }
}

type Rules = Readonly<Record<string, FieldRule>>;

/** Rules are few and constant, but checked for every object of every read. */
const ruleEntries = new WeakMap<Rules, [string, FieldRule][]>();

function entriesOf(rules: Rules): [string, FieldRule][] {
  let entries = ruleEntries.get(rules);
  if (entries === undefined) {
    entries = Object.entries(rules);
    ruleEntries.set(rules, entries);
  }
  return entries;
}

function checkFields(object: Record<string, unknown>, rules: Rules, path: string): void {
  for (const [name, rule] of entriesOf(rules)) {
    const value = object[name];
    if (value === undefined || (value === null && rule.kind !== 'any')) {
      if (rule.required) throw invalid(`${path}.${name}`, 'is missing');
    } else if (!hasKind(value, rule, path, name)) {
      throw invalid(`${path}.${name}`, `is not ${describeKind(rule)}`);
    }
  }
}

function hasKind(value: unknown, { kind }: FieldRule, path: string, name: string): boolean {
  switch (kind) {
    case 'any':
      return true;
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return isInteger(value);
    case 'object':
      return isObject(value);
    case 'objectOrString':
      return typeof value === 'string' || isObject(value);
    case 'usage':
      if (!isObject(value)) return false;
      checkFields(value, usageFields, `${path}.${name}`);
      return true;
  }
}

function describeKind({ kind }: FieldRule): string {
  if (kind === 'objectOrString') return 'an object or a string';
  return kind === 'string' ? 'a string' : kind === 'integer' ? 'an integer' : 'an object';
}

function invalid(path: string, problem: string, cause?: unknown): StateError {
  const what = path === '' ? "The session's stored state" : `In the session's stored state, ${path}`;
  return new StateError('invalidState', `${what} ${problem}.`, {
    fix: 'Restore the state from a backup, or reset the session. Nothing was changed.',
    cause,
  });
}
