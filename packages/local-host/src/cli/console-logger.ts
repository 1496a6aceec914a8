import type { LogThreshold } from '../functions/settings.ts';
import { createLogger, type LogEntry, type Logger, type LogLevel } from '../log.ts';
import { createLogFilter } from './log-filter.ts';
import { printable } from './printable.ts';

export interface ConsoleLoggerOptions {
  /** Default: standard output of the process. */
  readonly stream?: { write(text: string): unknown; readonly isTTY?: boolean };
  /** `logging.logLevel` of host.json. Default: information and above. */
  readonly logLevels?: Readonly<Record<string, LogThreshold>>;
  /** Show debug lines too, except where a category has a threshold of its own. Default false. */
  readonly verbose?: boolean;
  /** Default: on a terminal, unless the variable NO_COLOR is set. */
  readonly colors?: boolean;
  /** Default: the clock. */
  readonly now?: () => Date;
}

const COLORS: Partial<Record<LogLevel, string>> = {
  trace: '\u001b[90m',
  debug: '\u001b[90m',
  warning: '\u001b[33m',
  error: '\u001b[31m',
  critical: '\u001b[31m',
};
const RESET = '\u001b[39m';

/** Lines after the first carry this, so that no text can pass for the start of another entry. */
const CONTINUATION = '  | ';

/** A logger that prints `[time] message` lines as the Functions tools do. Whatever is logged cannot forge a line. */
export function createConsoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const stream = options.stream ?? process.stdout;
  const isShown = createLogFilter(options.logLevels ?? {}, options.verbose);
  const isColored = options.colors ?? (stream.isTTY === true && !process.env.NO_COLOR);
  const now = options.now ?? (() => new Date());
  return createLogger((entry) => {
    if (isShown(entry)) {
      const text = `[${now().toISOString()}] ${formatEntry(entry)}`;
      const color = isColored ? COLORS[entry.level] : undefined;
      stream.write(color ? `${color}${text}${RESET}\n` : `${text}\n`);
    }
  });
}

function formatEntry(entry: LogEntry): string {
  const text = entry.error === undefined ? entry.message : `${entry.message}\n${describe(entry.error)}`;
  return text.split(/\r?\n/).map(printable).join(`\n${CONTINUATION}`);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  // Some libraries throw errors without a stack, with everything in the message.
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${describe(error.cause)}`;
}
