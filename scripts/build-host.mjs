// Bundles the local host: a start then reads a few files instead of two hundred, and strips no types.
import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const source = resolve(root, 'packages/local-host/src');
const output = resolve(root, 'packages/local-host/dist/bin');

/**
 * Does nothing while no source is newer than the bundle: another host may be running from it. What is loaded by need
 * (protobuf messages) stays in files of its own.
 *
 * @returns the file to run
 */
export async function buildHost(outdir = output) {
  const file = join(outdir, 'durable-local.js');
  if (await isCurrent(file)) return file;
  await rm(outdir, { recursive: true, force: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [join(source, 'durable-local.ts')],
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    // CommonJS, and loaded by need: it is found where it is installed.
    external: ['protobufjs'],
    keepNames: true,
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
  return file;
}

/** @param {string} file */
async function isCurrent(file) {
  const built = await stat(file).catch(() => undefined);
  if (built === undefined) return false;
  const sources = [fileURLToPath(import.meta.url)];
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sources.push(join(entry.parentPath, entry.name));
  }
  const times = await Promise.all(sources.map(async (path) => (await stat(path)).mtimeMs));
  return Math.max(...times) < built.mtimeMs;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await buildHost();
