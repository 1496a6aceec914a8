import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppImportError, AppLoadError } from '../../src/functions/app-load-error.ts';
import { loadApp } from '../../src/functions/app-loader.ts';
import { createAppFolder } from './fixtures/app-folder.ts';

type Files = Readonly<Record<string, string | object>>;

async function failureOf(files: Files): Promise<{ folder: string; error: AppLoadError }> {
  const folder = createAppFolder(files);
  const error = await loadApp({ appDirectory: folder }).then(
    () => assert.fail('the app was loaded'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AppLoadError, String(error));
  return { folder, error };
}

const SIMPLE = { type: 'module', main: 'app.js' };

const CASES: { name: string; files: Files; code: string; says: RegExp }[] = [
  { name: 'a folder without package.json', files: {}, code: 'noPackageJson', says: /--app/ },
  {
    name: 'a package.json that is no JSON',
    files: { 'package.json': '{' },
    code: 'invalidPackageJson',
    says: /Correct/,
  },
  {
    name: 'a package.json that is a list',
    files: { 'package.json': '[]' },
    code: 'invalidPackageJson',
    says: /object/,
  },
  { name: 'a package.json without main', files: { 'package.json': {} }, code: 'noMain', says: /Set "main"/ },
  {
    name: 'an app that was not built',
    files: { 'package.json': { main: 'dist/*.js' } },
    code: 'noEntryPoint',
    says: /Build first: npm run build/,
  },
  {
    name: 'an app that registers nothing',
    files: { 'package.json': SIMPLE, 'app.js': 'export {};' },
    code: 'noFunctions',
    says: /registered no functions.*app\.http/,
  },
  {
    name: 'two functions of one name, in whatever case',
    files: {
      'package.json': SIMPLE,
      'app.js':
        "import { app } from '@azure/functions'; const handler = () => {}; app.http('One', { handler }); app.http('one', { handler });",
    },
    code: 'duplicateFunction',
    says: /"one".*Rename/,
  },
  {
    name: 'a function without a handler',
    files: { 'package.json': SIMPLE, 'app.js': "import { app } from '@azure/functions'; app.http('one', {});" },
    code: 'invalidFunction',
    says: /"one" has no handler/,
  },
  {
    name: 'an appStart hook that throws',
    files: {
      'package.json': SIMPLE,
      'app.js': "import { app } from '@azure/functions'; app.hook.appStart(() => { throw new Error('no luck'); });",
    },
    code: 'hookFailed',
    says: /no luck/,
  },
];

for (const { name, files, code, says } of CASES) {
  test(`${name} is reported as ${code} with what to do`, async () => {
    const { error } = await failureOf(files);
    assert.equal(error.code, code);
    assert.match(error.message, says);
  });
}

const IMPORTS: { name: string; files: Files; at: [file: string, line: number | undefined]; says: RegExp }[] = [
  {
    name: 'an ES module that throws',
    files: { 'package.json': SIMPLE, 'app.js': '\n\nthrow new RangeError("out");' },
    at: ['app.js', 3],
    says: /RangeError: out\./,
  },
  {
    name: 'a CommonJS file that throws in what it requires',
    files: { 'package.json': { main: 'app.js' }, 'app.js': 'require("./lib.js")', 'lib.js': '\nnull.x;' },
    at: ['lib.js', 2],
    says: /TypeError/,
  },
  {
    name: 'a syntax error in CommonJS',
    files: { 'package.json': { main: 'app.js' }, 'app.js': '// one\nconst a = ;' },
    at: ['app.js', 2],
    says: /SyntaxError: Unexpected token ';'\. Correct the file/,
  },
  {
    name: 'a syntax error in a file that an ES module imports',
    files: { 'package.json': SIMPLE, 'app.js': "import './lib/x.js';", 'lib/x.js': 'export const y = 1;\nlet z = ;' },
    at: ['lib/x.js', 2],
    says: /SyntaxError/,
  },
  {
    name: 'an import of a name that does not exist',
    files: { 'package.json': SIMPLE, 'app.js': "\nimport { nope } from './lib.js';", 'lib.js': 'export const y = 1;' },
    at: ['app.js', 2],
    says: /does not provide an export named 'nope'/,
  },
  {
    name: 'a package that is not installed',
    files: { 'package.json': SIMPLE, 'app.js': "import 'no-such-package-here';" },
    at: ['app.js', undefined],
    says: /Cannot find package 'no-such-package-here'.*npm install/,
  },
  {
    name: 'something thrown that is no error',
    files: { 'package.json': SIMPLE, 'app.js': 'throw "words";' },
    at: ['app.js', undefined],
    says: /it threw words/,
  },
];

for (const { name, files, at, says } of IMPORTS) {
  test(`${name} is reported with its place`, async () => {
    const { folder, error } = await failureOf(files);
    assert.ok(error instanceof AppImportError);
    assert.deepEqual([error.file, error.line], [join(folder, at[0]), at[1]]);
    assert.match(error.message, says);
    assert.ok(error.message.startsWith(join(folder, at[0])));
  });
}
