import type { JsonValue } from '../json.ts';

/** The parts of `JSON` that keep a number's own digits; TypeScript's library does not know them yet. */
interface LosslessJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

const lossless = JSON as unknown as LosslessJson;

/**
 * Texts without this have no number that a double could not hold, so the fast parser will do. It looks only where a
 * number can begin: hexadecimal ids in quotes are full of digits.
 */
const maybeLongNumber = /(?:^|[:,[\s])-?\d(?:[\d.]{15}|[\d.]*[eE][+-]?\d{3})/;

/**
 * `JSON.parse`, but numbers that a double cannot hold (nanosecond times, 64-bit counters) keep their digits and are
 * written back by `JSON.stringify` as they came. Such a number is an opaque object in between.
 *
 * @throws SyntaxError
 */
export function parseLosslessJson(text: string): JsonValue {
  if (!maybeLongNumber.test(text)) return JSON.parse(text) as JsonValue;
  return lossless.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && losesDigits(value, source) ? lossless.rawJSON(source) : value,
  ) as JsonValue;
}

/** Whether this is a number that {@link parseLosslessJson} kept as text. */
export function isLongNumber(value: unknown): boolean {
  return lossless.isRawJSON(value);
}

function losesDigits(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return true;
  const digits = source
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  if (value === 0) return digits !== '';
  // Every decimal of up to 15 digits comes back unchanged from a double.
  return digits.length > 15 && String(value) !== source;
}
