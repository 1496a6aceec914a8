import type { JsonObject, JsonValue } from '../json.ts';

const maxDepth = 100;

/** A value that has no JSON form. The message says which value, and what to return instead. */
export class NotJsonError extends Error {
  override name = 'NotJsonError';
}

/**
 * The JSON form of what a tool returned.
 *
 * | value | becomes |
 * |---|---|
 * | undefined, function, symbol | null; as a property of an object: left out |
 * | NaN, Infinity, invalid Date | null |
 * | -0 | 0 |
 * | Date | ISO text |
 * | BigInt, RegExp | text |
 * | Error | its message |
 * | Map | object; an array of [key, value] if a key is an object |
 * | Set | array |
 * | Buffer, typed array, ArrayBuffer | `{ "type": "data", "encoding": "base64", "data": … }` |
 * | object with `toJSON` | the JSON form of what that returns |
 * | any other object | its own enumerable properties; `__proto__` is left out |
 *
 * @throws NotJsonError for circular values, streams, unawaited promises, HTTP responses, more than 100 levels.
 */
export function toJsonResult(value: unknown): JsonValue {
  return convert(value, '', []) ?? null;
}

/** `undefined` means "leave out". */
function convert(value: unknown, key: string, parents: object[]): JsonValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      // Adding zero turns -0, which JSON has no text for, into 0.
      return Number.isFinite(value) ? value + 0 : null;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? null : convertObject(value, key, parents);
    default:
      return undefined;
  }
}

function convertObject(value: object, key: string, parents: object[]): JsonValue | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return value.message;
  if (value instanceof RegExp) return value.toString();
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return convert(value.valueOf(), key, parents);
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return dataMarker(Buffer.from(value));
  if (ArrayBuffer.isView(value)) return dataMarker(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  refuseUnreadable(value);
  if (parents.includes(value)) throw new NotJsonError('the result is circular: return plain data without cycles');
  if (parents.length >= maxDepth) throw new NotJsonError(`the result is nested deeper than ${maxDepth} levels`);
  const path = [...parents, value];
  if (hasMethod(value, 'toJSON')) return convert(value.toJSON(key), key, path);
  if (Array.isArray(value)) return Array.from(value, (item, index) => convert(item, String(index), path) ?? null);
  if (value instanceof Set) return [...value].map((item, index) => convert(item, String(index), path) ?? null);
  if (value instanceof Map) return convertMap(value, path);
  return fromEntries(Object.entries(value), path);
}

function convertMap(map: Map<unknown, unknown>, path: object[]): JsonValue {
  const keys = [...map.keys()];
  if (keys.some((key) => typeof key === 'object' && key !== null)) {
    return [...map].map(([key, item]) => [convert(key, '', path) ?? null, convert(item, '', path) ?? null]);
  }
  return fromEntries(
    [...map].map(([key, item]) => [String(key), item]),
    path,
  );
}

function fromEntries(entries: [string, unknown][], path: object[]): JsonObject {
  const result: JsonObject = {};
  for (const [key, item] of entries) {
    if (key === '__proto__') continue;
    const converted = convert(item, key, path);
    if (converted !== undefined) result[key] = converted;
  }
  return result;
}

function dataMarker(bytes: Buffer): JsonObject {
  return { type: 'data', encoding: 'base64', data: bytes.toString('base64') };
}

/** Values that would silently become `{}`. */
function refuseUnreadable(value: object): void {
  if (hasMethod(value, 'then')) {
    throw new NotJsonError('the result holds a promise: await it before returning');
  }
  if (value instanceof Response || value instanceof Request) {
    throw new NotJsonError('the result is an HTTP message: return what its json() or text() gives');
  }
  if (value instanceof Blob) throw new NotJsonError('the result is a Blob: return what its text() or bytes() gives');
  if (Symbol.asyncIterator in value || value instanceof ReadableStream || hasMethod(value, 'pipe')) {
    throw new NotJsonError('the result is a stream: read it and return its content');
  }
}

function hasMethod<Name extends string>(
  value: object,
  name: Name,
): value is object & Record<Name, (...args: unknown[]) => unknown> {
  return typeof (value as Record<string, unknown>)[name] === 'function';
}
