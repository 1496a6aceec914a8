import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { test } from 'node:test';
import { expandBraces, findEntryFiles } from '../../src/functions/entry-files.ts';
import { createAppFolder } from './fixtures/app-folder.ts';

const folder = createAppFolder({
  'index.js': '',
  'src/index.js': '',
  'src/functions/b.js': '',
  'src/functions/a.js': '',
  'src/functions/a.js.map': '',
  'src/functions/.hidden.js': '',
  'src/functions/deep/c.js': '',
  'src/node_modules/x/index.js': '',
});

const CASES: [pattern: string, files: string[]][] = [
  ['index.js', ['index.js']],
  ['./src/functions/*.js', ['src/functions/a.js', 'src/functions/b.js']],
  ['src/{index.js,functions/*.js}', ['src/index.js', 'src/functions/a.js', 'src/functions/b.js']],
  ['src/functions/{b,a,a}.js', ['src/functions/b.js', 'src/functions/a.js']],
  ['src/functions/?.js', ['src/functions/a.js', 'src/functions/b.js']],
  ['src/**/*.js', ['src/functions/a.js', 'src/functions/b.js', 'src/functions/deep/c.js', 'src/index.js']],
  ['src/{functions/{a,deep/c},index}.js', ['src/functions/a.js', 'src/functions/deep/c.js', 'src/index.js']],
];

for (const [pattern, expected] of CASES) {
  test(`main "${pattern}" names its files in order`, async () => {
    const files = await findEntryFiles(folder, pattern);
    assert.deepEqual(
      files.map((file) => relative(folder, file)),
      expected,
    );
  });
}

for (const pattern of ['src', 'src/functions', 'nowhere/*.js', 'index.js/x', 'src/*.ts', 'index']) {
  test(`main "${pattern}" names no file and is refused`, async () => {
    await assert.rejects(findEntryFiles(folder, pattern), { code: 'noEntryPoint' });
  });
}

test('braces that do not close are taken as they are', () => {
  assert.deepEqual(expandBraces('a/{b'), ['a/{b']);
});
