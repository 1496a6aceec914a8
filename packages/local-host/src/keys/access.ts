import type { RegisteredFunction } from '../functions/registered-function.ts';
import type { Key } from './key.ts';

/**
 * What a request has to show. `open` nothing; `function` a key of the function, a host key or the master key; `system` the
 * system key of that name or the master key; `master` the master key.
 */
export type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'function'; readonly functionName: string }
  | { readonly kind: 'system'; readonly name: string }
  | { readonly kind: 'master' };

/** What an HTTP function asks for, by its `authLevel`. A level that is not known opens with the master key alone. */
export function accessOf(fn: Pick<RegisteredFunction, 'name' | 'trigger'>): Access {
  const { authLevel = 'function' } = fn.trigger;
  switch (String(authLevel).toLowerCase()) {
    case 'anonymous':
      return { kind: 'open' };
    case 'function':
      return { kind: 'function', functionName: fn.name.toLowerCase() };
    default:
      return { kind: 'master' };
  }
}

/** Whether a key opens what is asked for. */
export function opens(key: Key, access: Access): boolean {
  switch (key.kind) {
    case 'master':
      return true;
    case 'host':
      return access.kind === 'function';
    case 'function':
      return access.kind === 'function' && access.functionName === key.functionName;
    case 'system':
      return access.kind === 'system' && access.name === key.name;
  }
}
