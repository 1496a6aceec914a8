import { join } from 'node:path';
import { SettingsError } from './settings-error.ts';
import { findKey, isJsonObject, type JsonObject, readSettingsFile } from './settings-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const OVERRIDE = /^AzureFunctionsJobHost(?:__|:)(.+)$/i;

/**
 * Reads `host.json`; a missing file is an empty one. Variables `AzureFunctionsJobHost__a__b` replace `a.b` in it.
 *
 * @throws SettingsError
 */
export function readHostJson(appDirectory: string, environment: Environment): JsonObject {
  const json = readSettingsFile(hostJsonPath(appDirectory));
  for (const [name, value] of Object.entries(environment)) {
    const path = OVERRIDE.exec(name)?.[1]?.split(/__|:/);
    if (path && value !== undefined && !path.includes('')) {
      override(json, path, value);
    }
  }
  return json;
}

export function hostJsonPath(appDirectory: string): string {
  return join(appDirectory, 'host.json');
}

/**
 * Replaces `%NAME%` in a setting by the variable of that name.
 *
 * @throws SettingsError `missingSetting`
 */
export function expandVariables(file: string, setting: string, text: string, environment: Environment): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined) {
      const fix = `Set ${name} in local.settings.json under Values, or in the environment.`;
      throw new SettingsError('missingSetting', file, `${setting} refers to %${name}%, which is not set.`, fix);
    }
    return value;
  });
}

function override(target: JsonObject, path: readonly string[], text: string): void {
  const [segment = '', ...rest] = path;
  const key = findKey(target, segment) ?? segment;
  if (rest.length > 0) {
    const existing = target[key];
    // A list is addressed by index; the copy keeps what is not replaced.
    const child: JsonObject = isJsonObject(existing) || Array.isArray(existing) ? (existing as JsonObject) : {};
    target[key] = child;
    override(child, rest, text);
  } else {
    target[key] = convert(text, target[key]);
  }
}

/** Variables are text. They take the type of what they replace; where there is nothing, true and false are recognised. */
function convert(text: string, replaced: unknown): unknown {
  if (typeof replaced === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) {
    return Number(text);
  }
  const isSwitch = typeof replaced === 'boolean' || replaced === undefined;
  if (isSwitch && /^(?:true|false)$/i.test(text)) {
    return text.toLowerCase() === 'true';
  }
  return text;
}
