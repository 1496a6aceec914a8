import { HostError } from '../functions/host-error.ts';

/** Keys cannot be read, written or changed as asked. No message holds a key's value. */
export class KeyError extends HostError {
  override readonly name: string = 'KeyError';
  declare readonly code:
    | 'invalidKeyFile'
    | 'newerKeyFile'
    | 'unreadableKeyFile'
    | 'unwritableKeyFile'
    | 'keysBusy'
    | 'invalidKeyName'
    | 'keyExists'
    | 'keyNotFound'
    | 'keyNeeded';

  constructor(code: KeyError['code'], problem: string, fix: string, options?: ErrorOptions) {
    super(code, problem, fix, options);
  }
}
