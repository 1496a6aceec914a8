import { randomBytes } from 'node:crypto';
import { KeyError } from './key-error.ts';

/**
 * What a key opens: `master` everything, `host` every function of level `function`, `function` one such function, `system`
 * the webhooks of one extension.
 */
export type KeyKind = 'master' | 'host' | 'function' | 'system';

/** Which key. Names are compared without case and kept in lower case. */
export interface KeyId {
  readonly kind: KeyKind;
  /** Only with kind `function`. */
  readonly functionName?: string;
  readonly name: string;
}

export interface Key extends KeyId {
  readonly value: string;
  /** When the value was made, ISO 8601. */
  readonly createdAt: string;
}

/** Opens the durable HTTP API. */
export const DURABLE_KEY = 'durabletask_extension';

export const MASTER_ID: KeyId = { kind: 'master', name: '_master' };
export const DEFAULT_HOST_ID: KeyId = { kind: 'host', name: 'default' };

/** 256 bits in base64url, so that it can stand in a URL as it is. */
const KEY_BYTES = 32;
const NAME = /^[a-z0-9][a-z0-9_.-]{0,126}$/;
const FUNCTION_NAME = /^[a-z][a-z0-9_-]{0,127}$/;

/** A new value for a key. */
export function createKey(id: KeyId): Key {
  return { ...id, value: randomBytes(KEY_BYTES).toString('base64url'), createdAt: new Date().toISOString() };
}

/** Checks the names and puts them in lower case. @throws KeyError `invalidKeyName` */
export function normalizeKeyId({ kind, name, functionName }: KeyId): KeyId {
  if (kind === 'master') {
    return MASTER_ID;
  }
  const lower = name.toLowerCase();
  if (!NAME.test(lower)) {
    throw new KeyError(
      'invalidKeyName',
      'This is no name for a key.',
      'Use up to 127 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.',
    );
  }
  if (kind !== 'function') {
    return { kind, name: lower };
  }
  const lowerFunction = (functionName ?? '').toLowerCase();
  if (!FUNCTION_NAME.test(lowerFunction)) {
    throw new KeyError(
      'invalidKeyName',
      'This is no name of a function.',
      'Give the name under which the function is listed when the host starts.',
    );
  }
  return { kind, functionName: lowerFunction, name: lower };
}

export function isSameKey(a: KeyId, b: KeyId): boolean {
  return a.kind === b.kind && a.name === b.name && a.functionName === b.functionName;
}

/** The key in words, without its value. */
export function describeKey({ kind, name, functionName }: KeyId): string {
  switch (kind) {
    case 'master':
      return 'master key';
    case 'function':
      return `key "${name}" of function "${functionName}"`;
    default:
      return `${kind} key "${name}"`;
  }
}
