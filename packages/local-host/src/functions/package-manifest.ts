import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppLoadError } from './app-load-error.ts';

export interface PackageManifest {
  /** Glob of the entry files, relative to the app's folder. */
  readonly main: string;
  readonly isModule: boolean;
}

/** Reads what the host needs of the app's `package.json`. @throws AppLoadError */
export async function readPackageManifest(appDirectory: string): Promise<PackageManifest> {
  const path = join(appDirectory, 'package.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new AppLoadError(
      'noPackageJson',
      `${path} cannot be read (${error.code ?? error.message}).`,
      'Start in the folder of a Functions app, or name it with --app.',
      { cause: error },
    );
  });
  const manifest = parse(path, text);
  const main = manifest.main;
  if (typeof main !== 'string' || main.trim() === '') {
    throw new AppLoadError(
      'noMain',
      `${path} has no "main".`,
      'Set "main" to the files that register functions, such as "dist/functions/*.js".',
    );
  }
  return { main, isModule: manifest.type === 'module' };
}

function parse(path: string, text: string): Record<string, unknown> {
  let reason = 'it is not an object';
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  throw new AppLoadError('invalidPackageJson', `${path} is not valid: ${reason}.`, 'Correct the file.');
}
