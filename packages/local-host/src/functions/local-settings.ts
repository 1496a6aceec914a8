import { join } from 'node:path';
import { SettingsError } from './settings-error.ts';
import { isJsonObject, lookUp, readSettingsFile } from './settings-file.ts';

/** What `local.settings.json` holds. It is for this machine only and never deployed. */
export interface LocalSettings {
  /** Variables to set where the environment has none of that name. */
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
  readonly corsOrigins: readonly string[];
  readonly corsCredentials: boolean;
}

/** Reads `local.settings.json`; a missing file is an empty one. @throws SettingsError */
export function readLocalSettings(appDirectory: string): LocalSettings {
  const file = join(appDirectory, 'local.settings.json');
  const settings = readSettingsFile(file);
  if (lookUp(settings, 'IsEncrypted') === true) {
    throw new SettingsError(
      'encryptedSettings',
      file,
      'it is encrypted.',
      'Decrypt it with "func settings decrypt", or set IsEncrypted to false and enter the values again.',
    );
  }
  const port = lookUp(settings, 'Host', 'LocalHttpPort');
  if (port !== undefined && port !== null && !isPort(Number(port))) {
    throw invalid(file, 'Host.LocalHttpPort', 'a port number from 0 to 65535');
  }
  const cors = lookUp(settings, 'Host', 'CORS') ?? '';
  if (typeof cors !== 'string') {
    throw invalid(file, 'Host.CORS', 'a text with origins separated by commas');
  }
  return {
    values: { ...readValues(file, settings), ...readConnectionStrings(file, settings) },
    port: port === undefined || port === null ? undefined : Number(port),
    corsOrigins: cors
      .split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
    corsCredentials: lookUp(settings, 'Host', 'CORSCredentials') === true,
  };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65535;
}

function readValues(file: string, settings: unknown): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [key, value] of entriesOf(file, settings, 'Values')) {
    if (key === '' || value === null) {
      continue;
    }
    if (typeof value === 'object') {
      throw invalid(file, `Values.${key}`, 'a text; write nested settings as one name with "__" between its parts');
    }
    values[key] = String(value);
  }
  return values;
}

function readConnectionStrings(file: string, settings: unknown): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, entry] of entriesOf(file, settings, 'ConnectionStrings')) {
    const text = isJsonObject(entry) ? lookUp(entry, 'ConnectionString') : entry;
    if (name !== '' && typeof text === 'string') {
      values[`ConnectionStrings:${name}`] = text;
    }
  }
  return values;
}

function entriesOf(file: string, settings: unknown, section: string): [string, unknown][] {
  const value = lookUp(settings, section) ?? {};
  if (!isJsonObject(value)) {
    throw invalid(file, section, 'an object');
  }
  return Object.entries(value);
}

function invalid(file: string, name: string, expected: string): SettingsError {
  return new SettingsError('invalidSetting', file, `${name} has to be ${expected}.`, 'Correct the file.');
}
