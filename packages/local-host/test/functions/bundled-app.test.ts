import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { loadApp } from '../../src/functions/app-loader.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { DURABLE_APP, FIRST_EPISODE } from './fixtures/durable-app.ts';

test('one bundled CommonJS file runs with no packages beside it, in a package that is of type module', async () => {
  const folder = createAppFolder({
    'package.json': { type: 'module', main: 'dist/functions/*.cjs' },
    'src/functions/app.mjs': DURABLE_APP,
  });
  await build({
    entryPoints: [join(folder, 'src/functions/app.mjs')],
    outfile: join(folder, 'dist/functions/app.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['@azure/functions-core'],
    logLevel: 'error',
  });
  rmSync(join(folder, 'node_modules'));

  const app = await loadApp({ appDirectory: folder });
  assert.deepEqual(
    app.functions.map((fn) => fn.name),
    ['double', 'twice', 'counter', 'start'],
  );
  const fn = app.find('twice');
  assert.ok(fn);
  const value = structuredClone(FIRST_EPISODE);
  const done = await app.invoke(fn, { trigger: { kind: 'live', value }, raw: true });
  assert.equal((done.returnValue as { isDone: boolean }).isDone, false);
});
