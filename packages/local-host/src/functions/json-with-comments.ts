/**
 * Parses JSON that may hold comments, trailing commas and a byte order mark, as the settings files of the Functions
 * tools may. Error positions refer to the text as given.
 *
 * @throws SyntaxError
 */
export function parseJsonWithComments(text: string): unknown {
  const source = text.replace(/^\uFEFF/, '');
  return JSON.parse(blankOut(blankOut(source, COMMENT), TRAILING_COMMA));
}

/** Strings come first in each alternation, so that nothing inside one is taken for anything else. */
const STRING = '"(?:[^"\\\\\\n]|\\\\.)*"';
const COMMENT = new RegExp(`${STRING}|(//[^\\n]*|/\\*[\\s\\S]*?\\*/)`, 'g');
const TRAILING_COMMA = new RegExp(`${STRING}|(,)(?=\\s*[}\\]])`, 'g');

function blankOut(text: string, pattern: RegExp): string {
  return text.replace(pattern, (match, unwanted: string | undefined) =>
    unwanted === undefined ? match : unwanted.replace(/[^\n]/g, ' '),
  );
}
