import { boundText } from '../agent/bound-text.ts';
import { parseJson } from '../agent/parse-json.ts';
import type { JsonObject } from '../json.ts';
import { isLoose } from './loose-json.ts';

/** Most of broken arguments that is kept, in bytes: no tool gets them, and they would fill the session. */
const maxBrokenBytes = 4_096;

/** A call's arguments. Of what is no JSON object the start is kept, as the model wrote it: it is told what is wrong. */
export function writtenArguments(written: unknown): JsonObject | string {
  if (written === undefined || written === null) return {};
  const text = typeof written === 'string' ? written : JSON.stringify(written);
  if (text.trim() === '') return {};
  try {
    const parsed = parseJson(text);
    return isLoose(parsed) ? (parsed as JsonObject) : boundText(text, maxBrokenBytes);
  } catch {
    return boundText(text, maxBrokenBytes);
  }
}
