import { RequestError } from '../errors.ts';
import type { JsonValue } from '../json.ts';

/** Deepest nesting of arrays and objects that is accepted. */
const maxDepth = 64;

/**
 * Parses a JSON body from outside. Keys named `__proto__` are dropped at every level.
 *
 * @throws RequestError 400: `invalidJson`, or `jsonTooDeep` beyond 64 levels.
 */
export function parseJsonBody(body: Uint8Array): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonValue;
  } catch (cause) {
    throw new RequestError('invalidJson', 400, 'The body is not valid JSON in UTF-8.', { cause });
  }
  clean(value);
  return value;
}

/** Walks with its own stack: a body may be nested deeper than calls can be. */
function clean(root: JsonValue): void {
  const open: { value: JsonValue | undefined; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === maxDepth) {
      throw new RequestError('jsonTooDeep', 400, `The body is nested deeper than ${maxDepth} levels.`);
    }
    if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
    for (const child of Object.values(value)) open.push({ value: child, depth: depth + 1 });
  }
}
