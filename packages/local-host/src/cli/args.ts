import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HostError } from '../functions/host-error.ts';

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
  readonly strict: boolean;
  readonly verbose: boolean;
}

export type CliCommand = StartCommand | { readonly kind: 'help' };

/** The command line is not understood; the message says which part and what is. */
export class CliUsageError extends HostError {
  override readonly name: string = 'CliUsageError';
  declare readonly code: 'usage';

  constructor(problem: string, options?: ErrorOptions) {
    super('usage', problem, 'See durable-local --help.', options);
  }
}

export const HELP = `Usage: durable-local start [options]

Runs a Durable Functions app on this machine, with its state on disk.

Options:
  --app DIR     folder of the app (default: this one)
  --port N      port to listen on, 0 for a free one (default: that of local.settings.json, else 7071)
  --data DIR    folder for the state (default: .durable in the app's folder)
  --host ADDR   address to listen on (default: this machine only)
  --allow-host NAME
                answer requests addressed to this name too (a tunnel, a container); may be repeated
  --strict      no shortcuts: pass everything through text, as Azure does
  --verbose     print debug lines
  --help        print this
`;

const OPTIONS = {
  app: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  host: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  strict: { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * @param args the arguments after the program's name
 * @param workingDirectory default: that of the process
 * @throws CliUsageError
 */
export function parseCliArgs(args: readonly string[], workingDirectory = process.cwd()): CliCommand {
  const { values, positionals } = parse(args);
  const [command, ...extra] = positionals;
  if (values.help || command === 'help') {
    return { kind: 'help' };
  }
  if (command !== 'start') {
    throw new CliUsageError(
      command === undefined ? 'No command is given; it is "start".' : `Unknown command "${command}".`,
    );
  }
  if (extra.length > 0) {
    throw new CliUsageError(`Unexpected argument "${extra[0]}".`);
  }
  return {
    kind: 'start',
    appDirectory: resolve(workingDirectory, values.app ?? '.'),
    dataDirectory: values.data === undefined ? undefined : resolve(workingDirectory, values.data),
    port: values.port === undefined ? undefined : parsePort(values.port),
    host: values.host,
    allowedHosts: values['allow-host'] ?? [],
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

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new CliUsageError(`--port takes a number from 0 to 65535, not "${text}".`);
  }
  return port;
}
