import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** Which folders a folder may import from, besides itself. Files at the top (ids, errors, json, log) are open to all. */
const allowed: Record<string, readonly string[]> = {
  agent: ['model'],
  model: ['agent'],
  mcp: ['agent'],
  state: ['agent'],
  stream: ['agent', 'model'],
  telemetry: ['agent', 'model'],
  session: ['agent', 'model', 'state'],
  entity: ['agent', 'model', 'session', 'state'],
  turn: ['agent', 'durable', 'entity', 'state', 'model'],
  client: ['agent', 'entity', 'session', 'state'],
  durable: ['agent', 'entity', 'state', 'client'],
  workflow: ['agent'],
  'workflow-run': ['agent', 'client', 'durable', 'state', 'workflow'],
  http: ['agent', 'client', 'entity', 'state', 'stream', 'workflow', 'workflow-run'],
  hosts: [
    ...['stream', 'telemetry', 'agent', 'client', 'durable', 'entity', 'http', 'model', 'session', 'state', 'turn'],
    ...['workflow', 'workflow-run'],
  ],
};
const hostPackages = ['@azure/functions', 'durable-functions', '@microsoft/durabletask-js'];

const imports: { file: string; folder: string; target: string }[] = [];
for await (const name of glob('**/*.ts', { cwd: source })) {
  const text = readFileSync(join(source, name), 'utf8');
  for (const [, target] of text.matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
    imports.push({ file: name, folder: name.includes('/') ? name.split('/')[0]! : '.', target: target! });
  }
}

test('only hosts/ imports a hosting package', () => {
  const wrong = imports.filter(({ folder, target }) => hostPackages.includes(target) && folder !== 'hosts');
  assert.deepEqual(wrong, []);
});

test('folders import in one direction', () => {
  const wrong = imports.filter(({ file, folder, target }) => {
    if (!target.startsWith('.') || folder === '.') return false;
    const path = relative(source, join(source, dirname(file), target));
    const to = path.includes('/') ? path.split('/')[0]! : '.';
    return to !== '.' && to !== folder && !allowed[folder]?.includes(to);
  });
  assert.deepEqual(wrong, []);
});

test('the walk has found the sources', () => {
  assert.ok(imports.length > 50);
  assert.deepEqual(
    Object.keys(allowed).filter((folder) => !imports.some((entry) => entry.folder === folder)),
    [],
  );
});
