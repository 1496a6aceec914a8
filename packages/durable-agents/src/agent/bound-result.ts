import type { JsonObject, JsonValue } from '../json.ts';
import { longestStart, utf8Bytes } from './bound-text.ts';

/**
 * `result` if its JSON has at most `maxBytes` bytes, else an object that says so and holds the start of the result:
 * `{ "truncated": true, "totalBytes", "note", "excerpt" }`, itself within `maxBytes`. The excerpt of a string is text,
 * that of anything else the start of its JSON.
 */
export function boundResult(result: JsonValue, maxBytes: number): JsonValue {
  const json = JSON.stringify(result);
  const totalBytes = utf8Bytes(json);
  if (totalBytes <= maxBytes) return result;
  const text = typeof result === 'string' ? result : json;
  const withExcerpt = (excerpt: string): JsonObject => ({
    truncated: true,
    totalBytes,
    note: `The result is longer than ${maxBytes} bytes. This is only its start: ask for less at a time.`,
    excerpt,
  });
  // No start longer than maxBytes can fit: cutting first keeps the search cheap for huge results.
  return withExcerpt(
    longestStart(text.slice(0, maxBytes), (start) => utf8Bytes(JSON.stringify(withExcerpt(start))) <= maxBytes),
  );
}
