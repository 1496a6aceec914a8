import { readFileSync } from 'node:fs';
import { parseJsonWithComments } from './json-with-comments.ts';
import { SettingsError } from './settings-error.ts';

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a settings file; empty when there is no such file. @throws SettingsError */
export function readSettingsFile(file: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return {};
    }
    throw new SettingsError('unreadable', file, `it cannot be read (${code}).`, 'Check its permissions.', {
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = parseJsonWithComments(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SettingsError('invalidJson', file, `${reason}.`, 'Correct the file.', { cause: error });
  }
  if (!isJsonObject(value)) {
    throw new SettingsError('invalidJson', file, 'it does not hold an object.', 'Correct the file.');
  }
  return value;
}

/** The entry under a key in whatever case it is written, as .NET reads its configuration. Own entries only. */
export function lookUp(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const key of path) {
    if (!isJsonObject(value)) {
      return undefined;
    }
    const found = findKey(value, key);
    value = found === undefined ? undefined : value[found];
  }
  return value;
}

export function findKey(object: JsonObject, key: string): string | undefined {
  const wanted = key.toLowerCase();
  return Object.hasOwn(object, key) ? key : Object.keys(object).find((name) => name.toLowerCase() === wanted);
}
