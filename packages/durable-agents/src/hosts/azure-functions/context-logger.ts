import type { InvocationContext } from '@azure/functions';
import type { JsonObject } from '../../json.ts';
import type { Logger } from '../../log.ts';
import { createRedactor, secretsOf } from '../../redact.ts';
import { redactingLogger } from '../../telemetry/redacting-logger.ts';
import { traceLogger } from '../../telemetry/trace-logger.ts';

/** Writes to the log of a function invocation: the message, then the facts as JSON, so that no value can forge a line. */
export function contextLogger(context: InvocationContext): Logger {
  return traceLogger(redactingLogger(plainLogger(context), redactText()));
}

let redactor: ((text: string) => string) | undefined;

/** Masks what looks like a secret, and the secrets among the app's settings wherever they turn up. */
function redactText(): (text: string) => string {
  redactor ??= createRedactor(secretsOf(process.env));
  return redactor;
}

function plainLogger(context: InvocationContext): Logger {
  const line = (message: string, fields?: JsonObject) =>
    fields === undefined ? message : `${message} ${JSON.stringify(fields)}`;
  return {
    debug: (message, fields) => context.debug(line(message, fields)),
    info: (message, fields) => context.info(line(message, fields)),
    warn: (message, fields) => context.warn(line(message, fields)),
    error: (message, fields) => context.error(line(message, fields)),
  };
}
