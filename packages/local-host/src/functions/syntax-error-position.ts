import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { SourcePosition } from './app-load-error.ts';

const run = promisify(execFile);

/** Enough for a source tree, and a bound on the time a failed start takes. */
const MAX_FILES = 60;

/**
 * Finds a syntax error among an entry file and the files it imports by relative path. Node keeps the position of such an
 * error to itself when an ES module has it, so the parser is asked again, file by file; nothing of the app is run.
 */
export async function findSyntaxError(entry: string): Promise<SourcePosition | undefined> {
  const queue = [entry];
  for (let index = 0; index < queue.length && index < MAX_FILES; index++) {
    const file = queue[index] as string;
    const line = await lineOfSyntaxError(file);
    if (line !== undefined) {
      return { file, line };
    }
    const imported = await relativeImports(file);
    queue.push(...imported.filter((path) => !queue.includes(path)));
  }
  return undefined;
}

async function lineOfSyntaxError(file: string): Promise<number | undefined> {
  try {
    await run(process.execPath, ['--check', file]);
    return undefined;
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? '';
    const line = /^.+:(\d+)$/m.exec(output)?.[1];
    return output.includes('SyntaxError') && line ? Number(line) : undefined;
  }
}

async function relativeImports(file: string): Promise<string[]> {
  const source = await readFile(file, 'utf8').catch(() => '');
  const specifiers = source.matchAll(/\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g);
  return [...specifiers].map(([, specifier]) => resolve(dirname(file), specifier ?? ''));
}
