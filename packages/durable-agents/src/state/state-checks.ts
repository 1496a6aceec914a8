import { StateError } from '../errors.ts';
import {
  contentFields,
  entryFields,
  type FieldRule,
  isInteger,
  isObject,
  messageFields,
  usageFields,
} from './stored-fields.ts';

/** Known fields of one kind of object. */
export type Rules = Readonly<Record<string, FieldRule>>;

type Check = (item: Record<string, unknown>, path: string) => void;

/** The error for a stored state that cannot be used; `path` names the place. */
export function invalidState(path: string, problem: string, cause?: unknown): StateError {
  const what = path === '' ? "The session's stored state" : `In the session's stored state, ${path}`;
  return new StateError('invalidState', `${what} ${problem}.`, {
    fix: 'Restore the state from a backup, or reset the session. Nothing was changed.',
    cause,
  });
}

export function checkEntry(entry: Record<string, unknown>, path: string): void {
  checkFields(entry, entryFields, path);
  checkMessages(entry.messages, `${path}.messages`);
}

export function checkMessages(value: unknown, path: string): void {
  checkList(value, path, checkMessage);
}

function checkMessage(message: Record<string, unknown>, path: string): void {
  checkFields(message, messageFields, path);
  checkList(message.contents, `${path}.contents`, checkContent);
}

/** Checks one stored content; `path` names it in the error. */
export function checkContent(content: Record<string, unknown>, path: string): void {
  if (typeof content.$type !== 'string') throw invalidState(`${path}.$type`, 'is missing or not a string');
  const fields = contentFields.get(content.$type);
  if (fields !== undefined) checkFields(content, fields, path);
}

export function checkList(value: unknown, path: string, check: Check): void {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw invalidState(path, 'is not an array');
  // A counter, not entries(): this runs for every object of every read.
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index];
    if (!isObject(item)) throw invalidState(`${path}[${index}]`, 'is not an object');
    check(item, `${path}[${index}]`);
  }
}

export function checkMap(value: unknown, path: string, check: Check): void {
  if (!isObject(value)) throw invalidState(path, 'is missing or not an object');
  for (const [key, item] of Object.entries(value)) {
    if (!isObject(item)) throw invalidState(`${path}[${JSON.stringify(key)}]`, 'is not an object');
    check(item, `${path}[${JSON.stringify(key)}]`);
  }
}

const ruleEntries = new WeakMap<Rules, [string, FieldRule][]>();

/** Rules are few and constant, but checked for every object of every read. */
function entriesOf(rules: Rules): [string, FieldRule][] {
  let entries = ruleEntries.get(rules);
  if (entries === undefined) {
    entries = Object.entries(rules);
    ruleEntries.set(rules, entries);
  }
  return entries;
}

export function checkFields(object: Record<string, unknown>, rules: Rules, path: string): void {
  for (const [name, rule] of entriesOf(rules)) {
    const value = object[name];
    if (value === undefined || (value === null && rule.kind !== 'any')) {
      if (rule.required) throw invalidState(`${path}.${name}`, 'is missing');
    } else if (!hasKind(value, rule, path, name)) {
      throw invalidState(`${path}.${name}`, `is not ${describeKind(rule)}`);
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
