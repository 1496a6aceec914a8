import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { build } from 'esbuild';
import { inBothModes, outputOf, sampleFolder } from './sample-app.ts';

/** A folder with one CommonJS file, which holds an ES module app and all its packages, and nothing to install. */
async function bundle(name: string): Promise<string> {
  const source = sampleFolder(name);
  const functions = join(source, 'src/functions');
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const imports = readdirSync(functions).map((file) => `import './${file}';`);
  await build({
    stdin: { contents: imports.join('\n'), resolveDir: functions },
    outfile: join(folder, 'dist/app.cjs'),
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'cjs',
    external: ['@azure/functions-core'],
    logLevel: 'error',
  });
  cpSync(join(source, 'host.json'), join(folder, 'host.json'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'bundled', main: 'dist/*.cjs' }));
  return folder;
}

const folder = await bundle('fan-out-fan-in');

inBothModes(
  'one esbuild bundle',
  (app) => {
    test('the bundled app does what its sources do, with no packages beside it', async () => {
      assert.deepEqual(readdirSync(folder).sort(), ['dist', 'host.json', 'package.json']);
      const links = await app.begin('shelves/poems/count');
      assert.deepEqual(await outputOf(links), { words: [3, 6, 1], total: 10 });
    });
  },
  () => folder,
);
