/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * The longest start of `text` that `fits` accepts, never cutting a surrogate pair in half.
 * `fits` must accept every shorter start of what it accepts.
 */
export function longestStart(text: string, fits: (start: string) => boolean): string {
  let accepted = 0;
  let refused = text.length + 1;
  while (refused - accepted > 1) {
    const middle = (accepted + refused) >>> 1;
    if (fits(text.slice(0, middle))) accepted = middle;
    else refused = middle;
  }
  return text.slice(0, endsInsidePair(text, accepted) ? accepted - 1 : accepted);
}

/** `text` if it has at most `maxBytes` bytes in UTF-8, else its start with "…". */
export function boundText(text: string, maxBytes: number): string {
  // Each UTF-16 unit takes at least one byte: cut first, so that huge texts cost nothing.
  const candidate = text.length > maxBytes ? text.slice(0, maxBytes) : text;
  if (candidate.length === text.length && utf8Bytes(candidate) <= maxBytes) return text;
  return `${longestStart(candidate, (start) => utf8Bytes(start) <= maxBytes - 3)}…`;
}

function endsInsidePair(text: string, length: number): boolean {
  const last = text.charCodeAt(length - 1);
  const next = text.charCodeAt(length);
  return last >= 0xd800 && last <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
}
