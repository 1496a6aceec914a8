// Runs a script of the project with the project's own Node: node scripts/run.mjs FILE [ARGS]
import { spawnSync } from 'node:child_process';
import { install, nodeFlags, projectNode, root } from './setup.mjs';

install();
const { status } = spawnSync(projectNode(), [...nodeFlags, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
