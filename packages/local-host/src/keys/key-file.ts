import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Key, KeyKind } from './key.ts';
import { KeyError } from './key-error.ts';

/** Version of the format, in the file. */
const FORMAT = 1;
const KINDS: readonly string[] = ['master', 'host', 'function', 'system'] satisfies KeyKind[];

/**
 * The keys of a file; none when it does not exist.
 *
 * @throws KeyError `invalidKeyFile`, `newerKeyFile`, `unreadableKeyFile`
 */
export function readKeyFile(file: string): Key[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw new KeyError('unreadableKeyFile', `${file} cannot be read.`, 'Check the rights on it.', { cause });
  }
  return parse(text, file);
}

/**
 * Replaces the file whole: whoever reads it, and whatever crashes, it holds the old keys or the new ones. Only the owner
 * may read it. One writer at a time (`withKeyLock`).
 *
 * @throws KeyError `unwritableKeyFile`
 */
export function writeKeyFile(file: string, keys: readonly Key[]): void {
  const temporary = `${file}.tmp`;
  try {
    // One that a crash left.
    rmSync(temporary, { force: true });
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(handle, `${JSON.stringify({ version: FORMAT, keys }, null, 2)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    syncFolder(dirname(file));
  } catch (cause) {
    throw new KeyError('unwritableKeyFile', `${file} cannot be written.`, 'Check the rights and the space there.', {
      cause,
    });
  }
}

/** Makes the rename last through a power cut. Windows has no such call for folders. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') {
    return;
  }
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function parse(text: string, file: string): Key[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text, which may be a key.
    throw damaged(file, 'it is no JSON');
  }
  const { version, keys } = (content ?? {}) as { version?: unknown; keys?: unknown };
  if (typeof version === 'number' && version > FORMAT) {
    throw new KeyError(
      'newerKeyFile',
      `${file} was written by a newer version.`,
      'Update this program, or choose another folder with --data.',
    );
  }
  if (version !== FORMAT || !Array.isArray(keys)) {
    throw damaged(file, 'it is no list of keys');
  }
  const wrong = keys.findIndex((key) => !isKey(key));
  if (wrong !== -1) {
    throw damaged(file, `entry ${wrong + 1} is no key`);
  }
  return keys as Key[];
}

function isKey(value: unknown): value is Key {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const { kind, name, functionName, value: secret, createdAt } = value as Record<string, unknown>;
  return (
    typeof kind === 'string' &&
    KINDS.includes(kind) &&
    typeof name === 'string' &&
    (kind === 'function') === (typeof functionName === 'string') &&
    typeof secret === 'string' &&
    // A value cut short must not become a key that can be guessed.
    secret.length >= 32 &&
    typeof createdAt === 'string'
  );
}

function damaged(file: string, reason: string): KeyError {
  return new KeyError(
    'invalidKeyFile',
    `${file} is damaged: ${reason}.`,
    'Restore it from a copy, or move it away: new keys are made then, and the old ones open nothing any more.',
  );
}
