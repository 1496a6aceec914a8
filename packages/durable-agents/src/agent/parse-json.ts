import type { JsonValue } from '../json.ts';

/** `JSON.parse` for text from outside: keys named `__proto__` are dropped at every level. Throws SyntaxError. */
export function parseJson(text: string): JsonValue {
  return JSON.parse(text, (key, value: JsonValue) => (key === '__proto__' ? undefined : value)) as JsonValue;
}
