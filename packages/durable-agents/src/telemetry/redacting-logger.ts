import type { JsonObject, JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import { namesSecret, redact } from '../redact.ts';

/**
 * A logger that masks secrets in messages, field values and field names' values (`apiKey`, `authorization`, …) before
 * they reach `log`.
 */
export function redactingLogger(log: Logger, redactText: (text: string) => string = redact): Logger {
  const write = (level: keyof Logger) => (message: string, fields?: JsonObject) =>
    fields === undefined
      ? log[level](redactText(message))
      : log[level](redactText(message), redactFields(fields, redactText));
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** A JSON value with the secrets in its texts masked, and those fields whole whose names say that they are secret. */
export function redactJson(value: JsonValue, redactText: (text: string) => string = redact): JsonValue {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item) => redactJson(item, redactText));
  return typeof value === 'object' && value !== null ? redactFields(value, redactText) : value;
}

function redactFields(fields: JsonObject, redactText: (text: string) => string): JsonObject {
  const masked: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    masked[redactText(name)] = namesSecret(name) && isText(value) ? '***' : redactJson(value, redactText);
  }
  return masked;
}

/** Numbers stay: a count of tokens is no token. */
function isText(value: JsonValue): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}
