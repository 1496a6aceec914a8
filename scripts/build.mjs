// Bundles the app: every file in src/functions becomes part of one CommonJS file that needs no node_modules.
import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { asciiModules } from './ascii-modules.mjs';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
export const outputFile = 'dist/functions/app.cjs';
/** Megabytes. Raise it on purpose only: a bigger bundle is a slower cold start. */
const sizeLimitMb = 8;

/** One entry over all of src/functions: two bundles would hold two copies of @azure/functions, and one would be lost. */
async function entryText(appRoot) {
  const names = (await readdir(join(appRoot, 'src/functions'))).filter((name) => /\.[cm]?[jt]s$/.test(name)).sort();
  return names.map((name) => `import ${JSON.stringify(`./${name}`)};`).join('\n');
}

/** @param {string} appRoot folder with package.json and src/functions */
export async function bundleOptions(appRoot = root) {
  return {
    absWorkingDir: appRoot,
    stdin: {
      contents: await entryText(appRoot),
      resolveDir: join(appRoot, 'src/functions'),
      sourcefile: 'functions.ts',
      loader: 'ts',
    },
    outfile: outputFile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    conditions: ['durable-source'],
    // The Functions host provides this module itself.
    external: ['@azure/functions-core'],
    keepNames: true,
    plugins: [asciiModules()],
    // A third less to read at each start; the source map leads back to the lines.
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  };
}

export async function build(appRoot = root) {
  await rm(join(appRoot, 'dist'), { recursive: true, force: true });
  await esbuild.build(await bundleOptions(appRoot));
  const { size } = await stat(join(appRoot, outputFile));
  const mb = size / 1024 / 1024;
  if (mb > sizeLimitMb) throw new Error(`${outputFile} has ${mb.toFixed(1)} MB; the limit is ${sizeLimitMb} MB.`);
  return mb;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const mb = await build();
  console.log(`Built ${outputFile} (${mb.toFixed(1)} MB) in ${Math.round(performance.now() - started)} ms.`);
}
