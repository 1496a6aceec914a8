/** Keeps pieces of text from ending inside a character: half of a surrogate pair is held back until the rest comes. */
export class WholeCharacters {
  #held = '';

  /** The text so far that can be shown. */
  add(piece: string): string {
    const text = this.#held + piece;
    const end = endsWithHalf(text) ? text.length - 1 : text.length;
    this.#held = text.slice(end);
    return text.slice(0, end);
  }

  /** What is still held back; it will never become whole. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Parts of at most `size` UTF-16 units that join to `text`; none ends inside a character. */
export function* piecesOf(text: string, size: number): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + size, text.length);
    if (end < text.length && endsWithHalf(text.slice(start, end))) end--;
    yield text.slice(start, end);
    start = end;
  }
}

function endsWithHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
