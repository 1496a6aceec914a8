// npm test: installs if needed, then checks types and style, builds, and runs every test. Extra arguments name test files.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { install, nodeFlags, projectNode, root } from './setup.mjs';

install();
const node = projectNode();
const files = process.argv.slice(2);
const bin = (path) => [node, resolve(root, 'node_modules', path)];
const run = (name, [command, ...args]) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error(`${name} failed.`);
  process.exit(status ?? 1);
};

if (files.length === 0) {
  for (const project of ['.', 'packages/durable-agents', 'packages/local-host']) {
    run(`Type check of ${project}`, [...bin('typescript/bin/tsc'), '-p', project, '--noEmit']);
  }
  run('Lint', [...bin('@biomejs/biome/bin/biome'), 'check', '.']);
}
run('Build', [node, 'scripts/build.mjs']);
run('Tests', [
  node,
  ...nodeFlags,
  '--test',
  // Most tests wait for processes, timers and the disk: one file a core would leave the cores idle.
  `--test-concurrency=${availableParallelism() + 1}`,
  ...(files.length > 0 ? files : ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts']),
]);
