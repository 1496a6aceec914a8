import type { InvocationContext } from '@azure/functions';
import type { JsonObject } from '../../json.ts';
import type { Logger } from '../../log.ts';

/** Writes to the log of a function invocation: the message, then the facts as JSON, so that no value can forge a line. */
export function contextLogger(context: InvocationContext): Logger {
  const line = (message: string, fields?: JsonObject) =>
    fields === undefined ? message : `${message} ${JSON.stringify(fields)}`;
  return {
    debug: (message, fields) => context.debug(line(message, fields)),
    info: (message, fields) => context.info(line(message, fields)),
    warn: (message, fields) => context.warn(line(message, fields)),
    error: (message, fields) => context.error(line(message, fields)),
  };
}
