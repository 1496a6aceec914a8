import { parseJson } from '../agent/parse-json.ts';
import type { JsonObject } from '../json.ts';
import { isLoose } from './loose-json.ts';

/** A call's arguments. What is no JSON object is kept as the model wrote it: the run loop tells the model about it. */
export function writtenArguments(written: unknown): JsonObject | string {
  if (written === undefined || written === null) return {};
  const text = typeof written === 'string' ? written : JSON.stringify(written);
  if (text.trim() === '') return {};
  try {
    const parsed = parseJson(text);
    return isLoose(parsed) ? (parsed as JsonObject) : text;
  } catch {
    return text;
  }
}
