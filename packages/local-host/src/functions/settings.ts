import { LOG_LEVELS, type LogLevel } from '../log.ts';
import { type Environment, expandVariables, hostJsonPath, readHostJson } from './host-json.ts';
import { readLocalSettings } from './local-settings.ts';
import type { RegisteredFunction } from './registered-function.ts';
import { SettingsError } from './settings-error.ts';
import { isJsonObject, type JsonObject, lookUp } from './settings-file.ts';
import { parseTimeSpan } from './time-span.ts';

/** A level in `host.json`; `none` silences. */
export type LogThreshold = LogLevel | 'none';

export interface HostSettings {
  /** Path prefix of HTTP functions without slashes; default `api`, may be empty. */
  readonly routePrefix: string;
  /** `extensions.durableTask` of host.json, with overrides. Values that came from variables may be text. */
  readonly durableTask: Readonly<JsonObject>;
  readonly taskHubName: string;
  /** `logging.logLevel` of host.json: threshold by category prefix, `default` for the rest. */
  readonly logLevels: Readonly<Record<string, LogThreshold>>;
  /** `functionTimeout` of host.json in milliseconds; undefined: no limit. */
  readonly functionTimeoutMs: number | undefined;
  /** Port from local.settings.json. */
  readonly port: number | undefined;
  readonly cors: { readonly origins: readonly string[]; readonly credentials: boolean };
  /** The whole host.json, with overrides. */
  readonly hostJson: Readonly<JsonObject>;
  /** Variables from local.settings.json that the environment does not have. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads host.json and local.settings.json. The environment wins over both; nothing is changed by reading.
 *
 * @param environment default: that of the process
 * @throws SettingsError
 */
export function readSettings(appDirectory: string, environment: Environment = process.env): HostSettings {
  const local = readLocalSettings(appDirectory);
  const missing = Object.entries(local.values).filter(([name]) => environment[name] === undefined);
  const values = Object.fromEntries(missing);
  const effective = { ...values, ...environment };
  const file = hostJsonPath(appDirectory);
  const hostJson = readHostJson(appDirectory, effective);
  const durableTask = lookUp(hostJson, 'extensions', 'durableTask');
  const routePrefix = lookUp(hostJson, 'extensions', 'http', 'routePrefix') ?? 'api';
  if (typeof routePrefix !== 'string') {
    throw new SettingsError('invalidSetting', file, 'extensions.http.routePrefix has to be a text.', 'Correct it.');
  }
  return {
    routePrefix: expandVariables(file, 'extensions.http.routePrefix', routePrefix, effective).replace(/^\/+|\/+$/g, ''),
    durableTask: isJsonObject(durableTask) ? durableTask : {},
    taskHubName: taskHubName(file, durableTask, effective),
    logLevels: readLogLevels(file, lookUp(hostJson, 'logging', 'logLevel')),
    functionTimeoutMs: readFunctionTimeout(file, lookUp(hostJson, 'functionTimeout')),
    port: local.port,
    cors: { origins: local.corsOrigins, credentials: local.corsCredentials },
    hostJson,
    values,
  };
}

/** Gives an app the environment that the Functions host gives it. Call it before the app is loaded. */
export function applyEnvironment(
  settings: HostSettings,
  host: { readonly appDirectory: string; readonly port: number },
  environment: NodeJS.ProcessEnv = process.env,
): void {
  for (const [name, value] of Object.entries(settings.values)) {
    environment[name] ??= value;
  }
  Object.assign(environment, {
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    AzureWebJobsScriptRoot: host.appDirectory,
    FUNCTIONS_EXTENSION_VERSION: '~4',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    // Without it the durable client sends everything to port 7071.
    WEBSITE_HOSTNAME: `localhost:${host.port}`,
  });
}

/** Whether a setting `AzureWebJobs.<name>.Disabled` switches the function off. */
export function isDisabledFunction(fn: RegisteredFunction, environment: Environment = process.env): boolean {
  const names = [`AzureWebJobs.${fn.name}.Disabled`, `AzureWebJobs__${fn.name}__Disabled`];
  return names.some((name) => /^(?:true|1)$/i.test(environment[name] ?? ''));
}

function taskHubName(file: string, durableTask: unknown, environment: Environment): string {
  const name = lookUp(durableTask, 'hubName');
  const text = name === undefined || name === null || name === '' ? undefined : String(name);
  return text === undefined
    ? environment.WEBSITE_SITE_NAME || 'TestHubName'
    : expandVariables(file, 'extensions.durableTask.hubName', text, environment);
}

function readLogLevels(file: string, section: unknown): Record<string, LogThreshold> {
  const levels: Record<string, LogThreshold> = {};
  for (const [category, value] of Object.entries(isJsonObject(section) ? section : {})) {
    const level = String(value).toLowerCase();
    const known: readonly string[] = [...LOG_LEVELS, 'none'];
    if (!known.includes(level)) {
      const fix = `Use one of ${known.join(', ')}.`;
      throw new SettingsError('invalidSetting', file, `logging.logLevel.${category} is "${String(value)}".`, fix);
    }
    levels[category] = level as LogThreshold;
  }
  return levels;
}

/**
 * Without a setting there is no limit here. On Azure it depends on the plan: 5 minutes on Consumption (at most 10), 30
 * minutes on Flex Consumption, Premium and Dedicated (`-1` there: none).
 */
function readFunctionTimeout(file: string, value: unknown): number | undefined {
  if (value === undefined || value === null || String(value) === '-1') {
    return undefined;
  }
  const timeout = typeof value === 'string' ? parseTimeSpan(value) : undefined;
  if (timeout === undefined || timeout < 1_000) {
    const problem = `functionTimeout is ${JSON.stringify(value)}.`;
    const fix = 'Use "hh:mm:ss" of at least a second, or "-1" for no limit.';
    throw new SettingsError('invalidSetting', file, problem, fix);
  }
  return timeout;
}
