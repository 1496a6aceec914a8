import { boundText } from '../agent/bound-text.ts';
import type { FunctionCallContent } from '../agent/content.ts';
import { parseJson } from '../agent/parse-json.ts';
import type { JsonValue } from '../json.ts';

/** Some servers fail on a history whose arguments are not a JSON object: such ones are sent as an excerpt inside one. */
export function argumentsText(args: FunctionCallContent['arguments']): string {
  if (typeof args !== 'string') return JSON.stringify(args ?? {});
  try {
    const parsed = parseJson(args);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return args;
  } catch {
    // Not JSON: handled as every other text that is no object.
  }
  return JSON.stringify({ invalidArguments: boundText(args, 1024) });
}

/** A tool's result as a model gets it. */
export function resultText(result: JsonValue | undefined): string {
  return typeof result === 'string' ? result : JSON.stringify(result ?? null);
}
