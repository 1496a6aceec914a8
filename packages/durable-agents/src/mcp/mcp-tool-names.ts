import { createHash } from 'node:crypto';

const maxLength = 64;

/**
 * Names for an agent's tools from a server's names, which may have other characters and any length: characters that are
 * not allowed become `_`. A name that would be too long, or the same as another, is told apart by a hash of the
 * original, so a name never depends on the order of the list.
 */
export function mcpToolNames(names: readonly string[], prefix: string): Map<string, string> {
  const plain = names.map((name) => `${prefix}${name.replace(/[^a-zA-Z0-9_-]/g, '_')}`);
  const uses = new Map<string, number>();
  for (const name of plain) uses.set(name, (uses.get(name) ?? 0) + 1);
  return new Map(
    names.map((original, index) => {
      const name = plain[index] ?? '';
      const isExact = name === `${prefix}${original}`;
      const isFree = uses.get(name) === 1 || isExact;
      return [original, isFree && name !== '' && name.length <= maxLength ? name : withHash(name, original)];
    }),
  );
}

function withHash(name: string, original: string): string {
  const hash = createHash('sha256').update(original).digest('hex').slice(0, 8);
  return `${name.slice(0, maxLength - hash.length - 1)}_${hash}`;
}
