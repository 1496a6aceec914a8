import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppLoadError } from './app-load-error.ts';

/**
 * Absolute paths of the files a `main` pattern names, in the order of its brace alternatives and by name within each.
 * Knows `{a,b}`, `*`, `?` and `**`; as usual the wildcards skip dot files, and `**` skips node_modules.
 *
 * @throws AppLoadError `noEntryPoint` when nothing matches
 */
export async function findEntryFiles(appDirectory: string, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  for (const alternative of expandBraces(pattern)) {
    const segments = alternative.split(/[\\/]+/).filter((segment) => segment !== '' && segment !== '.');
    for (const file of (await walk(appDirectory, segments)).sort()) {
      found.add(file);
    }
  }
  if (found.size === 0) {
    throw new AppLoadError(
      'noEntryPoint',
      `package.json "main" is "${pattern}", but no file in ${appDirectory} matches it.`,
      'Build first: npm run build. If it is built, correct "main".',
    );
  }
  return [...found];
}

/** `a/{b,c{d,e}}` becomes `a/b`, `a/cd`, `a/ce`. */
export function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{');
  if (open < 0) {
    return [pattern];
  }
  const alternatives: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let index = open; index < pattern.length; index++) {
    const character = pattern[index];
    if (character === '{') {
      depth++;
    } else if (character === ',' && depth === 1) {
      alternatives.push(pattern.slice(start, index));
      start = index + 1;
    } else if (character === '}' && --depth === 0) {
      alternatives.push(pattern.slice(start, index));
      const rest = pattern.slice(index + 1);
      return alternatives.flatMap((text) => expandBraces(pattern.slice(0, open) + text + rest));
    }
  }
  return [pattern];
}

async function walk(directory: string, segments: readonly string[]): Promise<string[]> {
  const [segment, ...rest] = segments;
  if (segment === undefined) {
    return [];
  }
  if (segment === '**') {
    const here = await walk(directory, rest);
    const folders = (await list(directory)).filter((entry) => entry.isDirectory() && isVisited(entry.name));
    const below = await Promise.all(folders.map((entry) => walk(join(directory, entry.name), segments)));
    return [...here, ...below.flat()];
  }
  const names = /[*?]/.test(segment) ? await matching(directory, segment) : [segment];
  const results = await Promise.all(
    names.map((name) => (rest.length > 0 ? walk(join(directory, name), rest) : ifFile(join(directory, name)))),
  );
  return results.flat();
}

function isVisited(folder: string): boolean {
  return !folder.startsWith('.') && folder !== 'node_modules';
}

async function matching(directory: string, segment: string): Promise<string[]> {
  const source = segment
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  const expression = new RegExp(`^${source}$`);
  const entries = await list(directory);
  return entries.map((entry) => entry.name).filter((name) => expression.test(name) && !name.startsWith('.'));
}

async function list(directory: string): Promise<Dirent[]> {
  return await readdir(directory, { withFileTypes: true }).catch(unlessAbsent([]));
}

async function ifFile(path: string): Promise<string[]> {
  const isFile = await stat(path).then((stats) => stats.isFile(), unlessAbsent(false));
  return isFile ? [path] : [];
}

/** What is not there matches nothing; any other failure is one. */
function unlessAbsent<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
      return value;
    }
    throw error;
  };
}
