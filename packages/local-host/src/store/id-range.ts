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
