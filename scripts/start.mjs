// npm start: installs if needed, builds, and serves the app on this machine.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { hostEnvironment, hostFlags, install, projectNode, root } from './setup.mjs';

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  console.log(`Usage: npm start -- [options]

  --port N       port to listen on (default: LocalHttpPort of local.settings.json, else 7071)
  --data DIR     where sessions and orchestrations are kept (default: .durable)
  --host ADDR    address to bind (default: this machine only)
  --allow-host NAME  answer requests addressed to this name too (a tunnel, a container)
  --auth         ask for keys as Azure does (default: only when --host lets other machines in); see docs/keys.md
  --no-auth      never ask for keys
  --watch        rebuild and restart when a source file changes
  --strict       run everything through JSON text, exactly as Azure does (slower)
  --verbose      show the host's own debug lines, and source positions in stack traces
  --help         this text`);
  process.exit(0);
}
const watch = args.includes('--watch');
const hostArgs = args.filter((arg) => arg !== '--watch');

install();
const node = projectNode();
const { build, bundleOptions } = await import('./build.mjs');
const { buildHost } = await import('./build-host.mjs');
// Maps of whole bundles are read at the start, not when a trace needs them.
const flags = args.includes('--verbose') ? [...hostFlags, '--enable-source-maps'] : hostFlags;
let hostFile;
let child;
let stopping = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopping = true;
    if (child === undefined) process.exit(0);
    child.kill(signal);
  });
}

function start() {
  child = spawn(node, [...flags, hostFile, 'start', '--app', root, ...hostArgs], {
    cwd: process.cwd(),
    env: hostEnvironment,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // A group of its own: Ctrl-C reaches this script alone, which passes it on once.
    detached: process.platform !== 'win32',
  });
  child.on('message', (message) => {
    if (message?.type === 'ready') introduce(message).catch(() => console.log('The app does not answer /api/health.'));
  });
  child.on('exit', (code, signal) => {
    const restart = child.restart === true;
    child = undefined;
    if (restart && !stopping) start();
    else if (!watch || stopping) process.exit(code ?? (signal ? 1 : 0));
    else console.log('The host has stopped. Change a file to start it again.');
  });
}

/** Tells a newcomer what to do next; only the app itself knows its agents and its model. */
async function introduce({ url, dataFolder, auth }) {
  if (auth) {
    const data = dataFolder === resolve(root, '.durable') ? '' : ` --data "${dataFolder}"`;
    console.log(`Keys are asked for. See them, and send one along as the header x-functions-key:

  npm run keys -- list --show${data}

Data:   ${dataFolder}
Docs:   docs/keys.md
`);
    return;
  }
  const reply = await fetch(`${url}/api/health`);
  if (!reply.ok) return;
  const { agents } = await reply.json();
  const agent = agents[0];
  if (agent === undefined) return;
  const models = new Set(agents.map(({ model }) => describeModel(model)));
  console.log(`Talk to it:

  curl -X POST ${url}/api/agents/${agent.name}/run -H 'content-type: application/json' -d '{"message":"Hello, I am Ada."}'

  Send "sessionId" from the answer along to go on with the conversation.

Model:  ${[...models].join(', ')}
Data:   ${dataFolder}
Docs:   README.md and docs/
`);
}

function describeModel(model) {
  if (model?.simulated) {
    return 'OFFLINE STAND-IN, no real model: answers are made up. Set OPENAI_API_KEY (or another model) in local.settings.json.';
  }
  return `${model?.provider ?? 'unknown'} ${model?.modelId ?? ''}`.trim();
}

try {
  [hostFile] = await Promise.all([buildHost(), ...(watch ? [] : [build()])]);
  if (watch) {
    const esbuild = await import('esbuild');
    const restartOnBuild = {
      name: 'restart',
      setup: (plugin) =>
        plugin.onEnd(({ errors }) => {
          if (errors.length > 0) return console.log('The build failed; the running host stays as it is.');
          if (child === undefined) return start();
          console.log('Rebuilt; restarting …');
          child.restart = true;
          child.kill('SIGTERM');
        }),
    };
    const context = await esbuild.context({ ...(await bundleOptions()), plugins: [restartOnBuild] });
    await context.watch();
  }
} catch {
  // esbuild has printed the file, the line and the reason.
  console.error('The build failed. Nothing was started.');
  process.exit(1);
}
if (!watch) start();
