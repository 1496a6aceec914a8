import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppImportError, AppLoadError, type SourcePosition } from './app-load-error.ts';
import { findSyntaxError } from './syntax-error-position.ts';

/** Turns whatever a file of the app threw while loading into one error that names the place. */
export async function toImportError(appDirectory: string, entry: string, thrown: unknown): Promise<AppLoadError> {
  if (thrown instanceof AppLoadError) {
    return thrown;
  }
  const position = (await locate(appDirectory, entry, thrown)) ?? { file: entry };
  return new AppImportError(position, describe(thrown), adviceFor(thrown), thrown);
}

async function locate(appDirectory: string, entry: string, thrown: unknown): Promise<SourcePosition | undefined> {
  if (!(thrown instanceof Error)) {
    return undefined;
  }
  const positions = positionsIn(thrown.stack ?? '');
  // The app's own line is of more use than the line of a package that complained about it.
  const own = positions.find(({ file }) => isOwn(appDirectory, file)) ?? positions[0];
  if (own && (isOwn(appDirectory, own.file) || !(thrown instanceof SyntaxError))) {
    return own;
  }
  return thrown instanceof SyntaxError ? await findSyntaxError(entry) : importerOf(thrown.message);
}

function isOwn(appDirectory: string, file: string): boolean {
  return file.startsWith(appDirectory + sep) && !file.includes(`${sep}node_modules${sep}`);
}

/** Both forms that a stack has: `file:line` on a line of its own (syntax errors), and `(file:line:column)` in frames. */
function positionsIn(stack: string): SourcePosition[] {
  const positions: SourcePosition[] = [];
  const place = /(?:^|[\s(])((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^\n()]*?):(\d+)(?::\d+)?\)?$/gm;
  for (const [, file, line] of stack.matchAll(place)) {
    const path = file?.startsWith('file://') ? fileURLToPath(file) : file;
    if (path && !path.startsWith(import.meta.dirname)) {
      positions.push({ file: path, line: Number(line) });
    }
  }
  return positions;
}

/** A missing module is reported with the file that asked for it, but without a frame in that file. */
function importerOf(message: string): SourcePosition | undefined {
  const importer = / imported from (\S.*)$/m.exec(message)?.[1];
  return importer ? { file: importer.startsWith('file://') ? fileURLToPath(importer) : importer } : undefined;
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return `it threw ${String(thrown)}.`;
  }
  const text = thrown.message.split('\nRequire stack:')[0] ?? '';
  return `${thrown.name}: ${text}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function adviceFor(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException | null)?.code;
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return 'Run npm install, or correct the import.';
  }
  return thrown instanceof SyntaxError ? 'Correct the file, then build again.' : 'Correct it and start again.';
}
