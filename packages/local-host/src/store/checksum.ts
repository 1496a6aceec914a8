import { crc32 } from 'node:zlib';

/**
 * SQLite notices damage to its own structure, not to the text it keeps. Each record carries this sum over what it says
 * and whose it is, so that a flipped bit is an error and never another state.
 */
export function checksum(...parts: (string | number | null)[]): number {
  return crc32(parts.join('\n'));
}
