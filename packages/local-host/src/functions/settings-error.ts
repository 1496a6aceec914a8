import { HostError } from './host-error.ts';

/** A settings file cannot be used. */
export class SettingsError extends HostError {
  override readonly name: string = 'SettingsError';
  declare readonly code: 'invalidJson' | 'encryptedSettings' | 'invalidSetting' | 'missingSetting' | 'unreadable';
  /** Absolute path. */
  readonly file: string;

  constructor(code: SettingsError['code'], file: string, problem: string, fix: string, options?: ErrorOptions) {
    super(code, `${file}: ${problem}`, fix, options);
    this.file = file;
  }
}
