import { hostJsonPath } from '../functions/host-json.ts';
import { SettingsError } from '../functions/settings-error.ts';
import type { HubPolicy } from '../hub/hub-policy.ts';

/** Limits of host.json and what they are here. */
const limits = {
  maxConcurrentActivityFunctions: 'maxConcurrentActivities',
  maxConcurrentOrchestratorFunctions: 'maxConcurrentOrchestrators',
  maxConcurrentEntityFunctions: 'maxConcurrentEntities',
  maxEntityOperationBatchSize: 'maxEntityOperationBatchSize',
  maxOrchestrationActions: 'maxOrchestrationActions',
} as const;

/**
 * The part of host.json's `extensions.durableTask` that the engine follows.
 *
 * @param environment for `%SETTING%` in `defaultVersion`
 * @throws SettingsError that names the setting
 */
export function hubPolicy(
  appDirectory: string,
  durableTask: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv = process.env,
): HubPolicy {
  const read = new Section(hostJsonPath(appDirectory), durableTask, environment);
  const policy: HubPolicy = {};
  for (const [setting, name] of Object.entries(limits)) {
    const value = read.count(setting);
    if (value !== undefined) policy[name] = value;
  }
  const overridable = read.oneOf('overridableExistingInstanceStates', ['NonRunningStates', 'AnyState']);
  if (overridable !== undefined) policy.overridable = overridable;
  const current = read.text('defaultVersion');
  if (current !== undefined) {
    policy.versions = {
      current,
      match: read.oneOf('versionMatchStrategy', ['None', 'Strict', 'CurrentOrOlder']) ?? 'CurrentOrOlder',
      onMismatch: read.oneOf('versionFailureStrategy', ['Reject', 'Fail']) ?? 'Reject',
    };
  }
  return policy;
}

class Section {
  readonly #file: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(file: string, values: Readonly<Record<string, unknown>>, environment: NodeJS.ProcessEnv) {
    this.#file = file;
    this.#values = values;
    this.#environment = environment;
  }

  count(setting: string): number | undefined {
    const value = this.#values[setting];
    if (value === undefined || value === null) return undefined;
    const number = Number(value);
    if (Number.isInteger(number) && number > 0) return number;
    throw this.#wrong(setting, 'Give it a whole number above zero.');
  }

  text(setting: string): string | undefined {
    const value = this.#values[setting];
    if (value === undefined || value === null || value === '') return undefined;
    const variable = /^%(.+)%$/.exec(String(value))?.[1];
    return variable === undefined ? String(value) : this.#environment[variable] || undefined;
  }

  /** Names are compared without case, as the Functions host does. */
  oneOf<T extends string>(setting: string, names: readonly T[]): T | undefined {
    const value = this.#values[setting];
    if (value === undefined || value === null) return undefined;
    const found = names.find((name) => name.toLowerCase() === String(value).toLowerCase());
    if (found === undefined) throw this.#wrong(setting, `Use one of ${names.join(', ')}.`);
    return found;
  }

  #wrong(setting: string, fix: string): SettingsError {
    const problem = `extensions.durableTask.${setting} is ${JSON.stringify(this.#values[setting])}.`;
    return new SettingsError('invalidSetting', this.#file, problem, fix);
  }
}
