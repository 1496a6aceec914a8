import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { loadApp } from '../../src/functions/app-loader.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { DURABLE_APP } from './fixtures/durable-app.ts';

test('an ES module bundle finds the core module through the require its banner makes', async () => {
  const folder = createAppFolder({
    'package.json': { main: 'dist/app.mjs' },
    'src/app.mjs': DURABLE_APP,
  });
  await build({
    entryPoints: [join(folder, 'src/app.mjs')],
    outfile: join(folder, 'dist/app.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@azure/functions-core'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  rmSync(join(folder, 'node_modules'));

  const app = await loadApp({ appDirectory: folder });
  assert.deepEqual(
    app.functions.map((fn) => fn.name),
    ['double', 'twice', 'counter', 'start'],
  );
});
