import { createHash, timingSafeEqual } from 'node:crypto';
import { isSameKey, type Key, type KeyId } from './key.ts';

/** The keys at one moment. */
export class KeyRing {
  readonly keys: readonly Key[];
  readonly #digests: readonly Buffer[];

  constructor(keys: readonly Key[]) {
    this.keys = keys;
    this.#digests = keys.map(({ value }) => digest(value));
  }

  find(id: KeyId): Key | undefined {
    return this.keys.find((key) => isSameKey(key, id));
  }

  /** The keys that have this value. How long it takes tells nothing about any of them. */
  matching(value: string): Key[] {
    const presented = digest(value);
    const same = this.#digests.map((other) => timingSafeEqual(other, presented));
    return this.keys.filter((_, index) => same[index]);
  }
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
