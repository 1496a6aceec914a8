import { RequestError } from '../errors.ts';

const yes: ReadonlySet<string> = new Set(['true', '1', 'yes', 'y', 'on']);
const no: ReadonlySet<string> = new Set(['false', '0', 'no', 'n', 'off']);

/**
 * Reads a boolean written as `true`, `1`, `yes`, `y`, `on` or their opposites, in any case; JSON booleans as they are.
 * Absent and blank values give `undefined`.
 *
 * @throws RequestError `invalidBoolean` (400) that names the place.
 */
export function readFlag(value: unknown, place: string): boolean | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined;
  if (typeof value === 'string') {
    const text = value.trim().toLowerCase();
    if (text === '') return undefined;
    if (yes.has(text)) return true;
    if (no.has(text)) return false;
  }
  throw new RequestError('invalidBoolean', 400, `${place} must be true or false.`);
}
