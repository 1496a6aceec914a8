import type { SqlValue } from './statements.ts';

export interface Condition {
  where: string[];
  values: SqlValue[];
}

/**
 * Ids that begin with `prefix` and come after `after`, as one range of an index: SQLite takes a single lower bound and
 * would go through everything from the other one on.
 */
export function idRange(column: string, { prefix = '', after = '' }: { prefix?: string; after?: string }): Condition {
  const inside = after.startsWith(prefix);
  const where = inside ? [`${column} > ?`] : [`${column} >= ?`, `+${column} > ?`];
  const values = inside ? [after] : [prefix, after];
  const end = prefix === '' ? undefined : afterPrefix(prefix);
  if (end !== undefined) {
    where.push(`${column} < ?`);
    values.push(end);
  }
  return { where, values };
}

/**
 * The first text after all those that begin with the prefix, in the order of SQLite's BINARY collation (code points).
 * Undefined if there is none. With it a search by prefix is a range of an index.
 */
export function afterPrefix(prefix: string): string | undefined {
  const points = [...prefix].map((character) => {
    const point = character.codePointAt(0)!;
    // Text is stored as UTF-8, which has no lone surrogates.
    return point >= 0xd8_00 && point <= 0xdf_ff ? 0xff_fd : point;
  });
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10_ff_ff) continue;
    return String.fromCodePoint(...points, last === 0xd7_ff ? 0xe0_00 : last + 1);
  }
  return undefined;
}
