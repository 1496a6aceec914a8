import { type BigIntStats, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  createKey,
  DEFAULT_HOST_ID,
  describeKey,
  isSameKey,
  type Key,
  type KeyId,
  MASTER_ID,
  normalizeKeyId,
} from './key.ts';
import { KeyError } from './key-error.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';
import { withKeyLock } from './key-lock.ts';
import { KeyRing } from './key-ring.ts';

/**
 * The keys of a data folder (`keys.json`). Any number of processes may read and change them at once: each change is made
 * under a lock to what the file then holds, and a reader takes up a changed file by itself.
 */
export class KeyStore {
  /** Absolute path. */
  readonly file: string;
  readonly #folder: string;
  #ring = new KeyRing([]);
  #stamp = '';

  /** @param folder absolute path of the data folder; made at the first change if it is missing, in one that exists */
  constructor(folder: string) {
    this.#folder = folder;
    this.file = join(folder, 'keys.json');
  }

  /** The keys as the file holds them now; one `stat` unless it has changed. @throws KeyError */
  get ring(): KeyRing {
    // Before reading: a change in between is then seen by the next look.
    const stamp = stampOf(this.file);
    if (stamp !== this.#stamp) {
      this.#ring = new KeyRing(stamp === '' ? [] : readKeyFile(this.file));
      this.#stamp = stamp;
    }
    return this.#ring;
  }

  list(): readonly Key[] {
    return this.ring.keys;
  }

  /** Makes what is missing of the keys that every host has: master, the host key `default`, the given system keys. */
  ensure(systemNames: readonly string[] = []): void {
    const wanted = systemNames.map((name) => normalizeKeyId({ kind: 'system', name }));
    if (missing(this.list(), wanted).length > 0) {
      this.#change((keys) => [...keys, ...missing(keys, wanted).map(createKey)]);
    }
  }

  /** The value of a system key, made at its first use. */
  systemKey(name: string): string {
    const id = normalizeKeyId({ kind: 'system', name });
    const known = this.ring.find(id);
    if (known) {
      return known.value;
    }
    this.ensure([name]);
    return requireKey(this.list(), id).value;
  }

  /** @throws KeyError `keyExists`, `invalidKeyName` and those of reading and writing, as all changes */
  create(id: KeyId): Key {
    const key = createKey(normalizeKeyId(id));
    this.#change((keys) => {
      if (keys.some((other) => isSameKey(other, key))) {
        throw new KeyError('keyExists', `The ${describeKey(key)} exists already.`, 'Choose another name, or roll it.');
      }
      return [...keys, key];
    });
    return key;
  }

  /** Gives a key a new value; the old one opens nothing from then on. @throws KeyError `keyNotFound` */
  roll(id: KeyId): Key {
    const key = createKey(normalizeKeyId(id));
    this.#change((keys) => {
      requireKey(keys, key);
      return keys.map((other) => (isSameKey(other, key) ? key : other));
    });
    return key;
  }

  /** @throws KeyError `keyNotFound`, `keyNeeded` for the master key */
  delete(id: KeyId): void {
    const gone = normalizeKeyId(id);
    if (gone.kind === 'master') {
      throw new KeyError('keyNeeded', 'The master key cannot be deleted.', 'Roll it, so that the old one ends.');
    }
    this.#change((keys) => {
      requireKey(keys, gone);
      return keys.filter((key) => !isSameKey(key, gone));
    });
  }

  #change(change: (keys: readonly Key[]) => readonly Key[]): void {
    makeFolder(this.#folder);
    withKeyLock(join(this.#folder, 'keys.lock'), () => {
      writeKeyFile(this.file, change(readKeyFile(this.file)));
    });
  }
}

function missing(keys: readonly Key[], wanted: readonly KeyId[]): KeyId[] {
  return [MASTER_ID, DEFAULT_HOST_ID, ...wanted].filter((id) => !keys.some((key) => isSameKey(key, id)));
}

function requireKey(keys: readonly Key[], id: KeyId): Key {
  const found = keys.find((key) => isSameKey(key, id));
  if (!found) {
    throw new KeyError(
      'keyNotFound',
      `There is no ${describeKey(id)}.`,
      'List those there are: durable-local keys list.',
    );
  }
  return found;
}

/** Makes the folder, but not those above it: a mistyped path must not become one. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new KeyError('unwritableKeyFile', `${folder} cannot be made.`, 'Check --app and --data.', { cause });
    }
  }
}

/** What changes whenever the file is replaced; empty when there is none. */
function stampOf(file: string): string {
  const stat: BigIntStats | undefined = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}
