import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const run = promisify(execFile);

test('every example of docs/tools.md compiles and runs', async (t) => {
  const text = await readFile(join(root, 'docs/tools.md'), 'utf8');
  const examples = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '');
  assert.equal(examples.length, 4);
  const folder = await mkdtemp(join(tmpdir(), 'tools-doc-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const files = examples.map((_, index) => join(folder, `example-${index}.mts`));
  for (const [index, file] of files.entries()) await writeFile(file, examples[index] ?? '');
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { noEmit: true, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
    files,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const failed = (error: { stdout?: string; stderr?: string }) => assert.fail(`${error.stdout}\n${error.stderr}`);
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch(failed);
  const condition = ['--conditions=durable-source', '--disable-warning=ExperimentalWarning'];
  const env = { PATH: process.env.PATH ?? '' };
  for (const file of files) await run(process.execPath, [...condition, file], { env }).catch(failed);
});
