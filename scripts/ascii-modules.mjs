// One character beyond Latin-1 makes V8 keep the whole bundle with two bytes a character: megabytes, for nothing.
import { readFile } from 'node:fs/promises';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what is meant
const beyondAscii = /[^\x00-\x7f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what is meant
const inRawTemplate = /\braw`[^`]*[^\x00-\x7f]/;

/**
 * esbuild escapes what is not ASCII in strings, but leaves regular expressions as they are. Written with escapes, the
 * modules of others mean the same in both.
 *
 * @returns {import('esbuild').Plugin}
 */
export function asciiModules() {
  return {
    name: 'ascii-modules',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        // A raw template would show its escapes.
        if (!beyondAscii.test(text) || inRawTemplate.test(text)) return undefined;
        return { contents: escaped(text), loader: 'js' };
      });
    },
  };
}

function escaped(text) {
  let result = '';
  let isEscaped = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isAscii = code < 128;
    // After a backslash the character stands for itself, and so does its escape, which takes over that backslash.
    result += isAscii ? text[i] : `${isEscaped ? '' : '\\'}u${code.toString(16).padStart(4, '0')}`;
    isEscaped = !isEscaped && text[i] === '\\';
  }
  return result;
}
