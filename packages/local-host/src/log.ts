/** Levels in rising order, with the names the Functions host and `host.json` use. */
export const LOG_LEVELS = ['trace', 'debug', 'information', 'warning', 'error', 'critical'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogEntry {
  readonly level: LogLevel;
  /** Dotted name, matched by its longest prefix in `host.json` `logging.logLevel`, such as `Function.hello.User`. */
  readonly category: string;
  readonly message: string;
  /** What was thrown, when the entry reports a failure. */
  readonly error?: unknown;
}

/** Where entries end up. It must not throw. */
export type LogSink = (entry: LogEntry) => void;

/** The host's own logger. Nothing in this package writes to the console except the sink the command line hands in. */
export interface Logger {
  write(level: LogLevel, message: string, error?: unknown): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string, error?: unknown): void;
  error(message: string, error?: unknown): void;
  /** The same sink under another category. */
  withCategory(category: string): Logger;
}

/**
 * Makes a logger over a sink.
 *
 * @param category dotted name on every entry; default `Host`
 */
export function createLogger(sink: LogSink, category = 'Host'): Logger {
  const write = (level: LogLevel, message: string, error?: unknown): void => {
    sink(error === undefined ? { level, category, message } : { level, category, message, error });
  };
  return {
    write,
    debug: (message) => write('debug', message),
    info: (message) => write('information', message),
    warn: (message, error) => write('warning', message, error),
    error: (message, error) => write('error', message, error),
    withCategory: (name) => createLogger(sink, name),
  };
}

/** Drops everything. */
export const silentLogger: Logger = createLogger(() => {});
