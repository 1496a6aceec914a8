import type { JsonObject, JsonValue } from '../json.ts';
import { WorkflowError } from './errors.ts';

const maxDepth = 100;

/**
 * A copy of the value, if it is JSON as it stands. Undefined properties are left out, -0 becomes 0. Unlike tool
 * results, messages are not converted: what the next executor gets must be what was sent, or nothing.
 *
 * @param what begins the path in the error, such as `message`
 * @throws WorkflowError `notJson` with the path of what is not
 */
export function toPlainJson(value: unknown, what: string): JsonValue {
  if (value === undefined) throw refuse(what, 'undefined', 'Use null for "nothing".');
  return copy(value, what, []);
}

function copy(value: unknown, path: string, parents: readonly object[]): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw refuse(path, String(value), 'Use a finite number, or null.');
      return value + 0;
    case 'object':
      return value === null ? null : copyObject(value, path, parents);
    default:
      throw refuse(path, `a ${typeof value}`, 'Send plain data: text, numbers, booleans, null, arrays and objects.');
  }
}

function copyObject(value: object, path: string, parents: readonly object[]): JsonValue {
  if (parents.includes(value)) throw refuse(path, 'circular', 'Send plain data without cycles.');
  if (parents.length >= maxDepth) throw refuse(path, `nested deeper than ${maxDepth} levels`, 'Send flatter data.');
  const inner = [...parents, value];
  if (Array.isArray(value)) {
    return Array.from(value, (item, index) =>
      // JSON has no holes: they become null, as JSON.stringify has it.
      item === undefined ? null : copy(item, `${path}[${index}]`, inner),
    );
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && !isPlainOfOtherRealm(prototype)) {
    const name = (value.constructor as { name?: string } | undefined)?.name || 'a class';
    throw refuse(path, `an instance of ${name}`, 'Send a plain object, or give its message type a codec.');
  }
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (key === '__proto__') throw refuse(`${path}.${key}`, 'a reserved name', 'Rename the property.');
    result[key] = copy(item, `${path}.${key}`, inner);
  }
  return result;
}

/** Objects of another context (a vm, a test runner) have an `Object.prototype` of their own. */
function isPlainOfOtherRealm(prototype: unknown): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}

function refuse(path: string, problem: string, fix: string): WorkflowError {
  return new WorkflowError('notJson', `${path} is ${problem}, which JSON cannot carry.`, { fix });
}
