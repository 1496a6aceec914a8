import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type KeysCommand, parseKeysCommand } from './keys-args.ts';
import { CliUsageError } from './usage-error.ts';

export interface StartCommand {
  readonly kind: 'start';
  /** Absolute path. */
  readonly appDirectory: string;
  /** Absolute path; undefined leaves it to the host. */
  readonly dataDirectory: string | undefined;
  readonly port: number | undefined;
  readonly host: string | undefined;
  /** Names besides localhost that requests may be addressed to. */
  readonly allowedHosts: readonly string[];
  /** Undefined leaves it to the host. */
  readonly auth: boolean | undefined;
  readonly strict: boolean;
  readonly verbose: boolean;
}

export interface HelpCommand {
  readonly kind: 'help';
  readonly topic: 'start' | 'keys';
}

export type CliCommand = StartCommand | KeysCommand | HelpCommand;

const OPTIONS = {
  app: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  host: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  auth: { type: 'boolean' },
  'no-auth': { type: 'boolean' },
  strict: { type: 'boolean' },
  verbose: { type: 'boolean' },
  function: { type: 'string' },
  show: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Options = ReturnType<typeof parse>['values'];

const START_OPTIONS: readonly string[] = [
  'app',
  'port',
  'data',
  'host',
  'allow-host',
  'auth',
  'no-auth',
  'strict',
  'verbose',
] satisfies (keyof Options)[];
const KEYS_OPTIONS: readonly string[] = ['app', 'data', 'function', 'show'] satisfies (keyof Options)[];

/**
 * @param args the arguments after the program's name
 * @param workingDirectory default: that of the process
 * @throws CliUsageError
 */
export function parseCliArgs(args: readonly string[], workingDirectory = process.cwd()): CliCommand {
  const { values, positionals } = parse(args);
  const [command, ...extra] = positionals;
  if (values.help || command === 'help') {
    return { kind: 'help', topic: positionals.includes('keys') ? 'keys' : 'start' };
  }
  const folders = {
    appDirectory: resolve(workingDirectory, values.app ?? '.'),
    dataDirectory: values.data === undefined ? undefined : resolve(workingDirectory, values.data),
  };
  switch (command) {
    case 'start':
      refuseOthers(command, values, START_OPTIONS);
      return toStartCommand(folders, values, extra);
    case 'keys':
      refuseOthers(command, values, KEYS_OPTIONS);
      return parseKeysCommand(folders, extra, values);
    case undefined:
      throw new CliUsageError('No command is given; it is "start" or "keys".');
    default:
      throw new CliUsageError(`Unknown command "${command}".`);
  }
}

function toStartCommand(
  folders: Pick<StartCommand, 'appDirectory' | 'dataDirectory'>,
  values: Options,
  extra: readonly string[],
): StartCommand {
  if (extra.length > 0) {
    throw new CliUsageError(`Unexpected argument "${extra[0]}".`);
  }
  if (values.auth && values['no-auth']) {
    throw new CliUsageError('--auth and --no-auth exclude each other.');
  }
  return {
    kind: 'start',
    ...folders,
    port: values.port === undefined ? undefined : parsePort(values.port),
    host: values.host,
    allowedHosts: values['allow-host'] ?? [],
    auth: values.auth ? true : values['no-auth'] ? false : undefined,
    strict: values.strict ?? false,
    verbose: values.verbose ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new CliUsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function refuseOthers(command: string, values: Options, own: readonly string[]): void {
  const other = Object.keys(values).find((name) => !own.includes(name));
  if (other !== undefined) {
    throw new CliUsageError(`"${command}" has no option --${other}.`);
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new CliUsageError(`--port takes a number from 0 to 65535, not "${text}".`);
  }
  return port;
}
