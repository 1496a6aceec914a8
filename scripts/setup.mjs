// What every script needs first: the installed dependencies, and the Node that comes with them. Runs on Node 20.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const stampFile = resolve(root, 'node_modules/.installed');

/** Runs `npm ci` when the lockfile is not what was installed last. */
export function install() {
  const lock = createHash('sha256')
    .update(readFileSync(resolve(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lock) return;
  if (existsSync(resolve(root, 'node_modules/.package-lock.json')) && upToDate()) {
    writeFileSync(stampFile, lock);
    return;
  }
  console.log('Installing dependencies (once) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', process.stderr, 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error('npm ci failed. Check the network and the messages above, then try again.');
    process.exit(status ?? 1);
  }
  writeFileSync(stampFile, lock);
}

/** Whether npm itself has installed exactly this lockfile (someone ran `npm install`). */
function upToDate() {
  const read = (file) => JSON.parse(readFileSync(resolve(root, file), 'utf8')).packages;
  const wanted = read('package-lock.json');
  const installed = read('node_modules/.package-lock.json');
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || entry.link || installed[path]?.version === entry.version,
  );
}

/** Path of a Node that can run the project: the installed one, or the running one if that is new enough. */
export function projectNode() {
  const own = resolve(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(own)) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  console.error(
    `This Node is ${process.version}; 22.18 or newer is needed. The project brings one along as the npm package "node", ` +
      'but its install script did not run. Allow install scripts (npm config set ignore-scripts false) and run npm ci, or update Node.',
  );
  process.exit(1);
}

/**
 * Flags of the process that is the local host, which runs bundles. V8 would let the space for new objects grow to 128 MB;
 * an eighth of that does as much work a second.
 */
export const hostFlags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'];

/**
 * Settings of that process. The C library would keep an area of its own for each thread; with few of them, what one thread
 * has freed is there for the next.
 */
export const hostEnvironment = { MALLOC_ARENA_MAX: '2', ...process.env };

/** Flags with which TypeScript sources run directly. */
export const nodeFlags = [
  '--conditions=durable-source',
  '--disable-warning=ExperimentalWarning',
  '--enable-source-maps',
];
