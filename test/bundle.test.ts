import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { HostProcess, root, temporaryFolder } from './support/host-process.ts';

/** What is deployed: the built files and the settings, with no node_modules anywhere above. */
function deploy(t: { after(fn: () => void): void }): string {
  const folder = temporaryFolder(t);
  for (const name of ['package.json', 'host.json', 'dist'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    assert.equal(existsSync(join(at, 'node_modules')), false, `no node_modules above the deployed app (${at})`);
  }
  return folder;
}

test('the bundle registers every function in a bare folder, with nothing but the core module of the host', async (t) => {
  const folder = deploy(t);
  // Its own stand-in for the worker, so that the test does not lean on the local host's loader.
  const worker = join(folder, 'worker.cjs');
  writeFileSync(
    worker,
    `const Module = require('node:module');
const registered = [];
const core = {
  version: '3.0.0', hostVersion: '4.0.0', Disposable: class { dispose() {} },
  registerFunction: (metadata) => registered.push({ name: metadata.name, types: Object.values(metadata.bindings).map((b) => b.type) }),
  registerHook: () => {}, setProgrammingModel: () => {}, getProgrammingModel: () => {}, log: () => {},
};
const load = Module.prototype.require;
Module.prototype.require = function (id) { return id === '@azure/functions-core' ? core : load.call(this, id); };
const { main } = JSON.parse(require('node:fs').readFileSync(__dirname + '/package.json', 'utf8'));
for (const file of require('node:fs').readdirSync(__dirname + '/' + require('node:path').dirname(main))) {
  if (file.endsWith('.cjs')) require(__dirname + '/' + require('node:path').dirname(main) + '/' + file);
}
console.log(JSON.stringify(registered));
process.exit(0);
`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [worker], { cwd: folder });
  const registered = JSON.parse(stdout) as { name: string; types: string[] }[];
  const lines = registered.map(({ name, types }) => `${name}: ${types.join(' ')}`);
  const client = (name: string) => `${name}: httpTrigger durableClient http`;
  const ofAgent = (name: string) => [
    `dafx-${name}: entityTrigger durableClient`,
    client(`http-${name}`),
    ...['approveCall', 'cancelRun', 'streamRun', 'readRun'].map((action) => client(`${action}-${name}`)),
    ...['listSessions', 'readSession', 'deleteSession', 'resetSession'].map((action) => client(`${action}-${name}`)),
  ];
  const expected = [
    'DocumentPublishingOrchestration: orchestrationTrigger',
    'PublishDocument: activityTrigger',
    ...['DocumentPublisher', 'ResearchAgent', 'WeatherAgent'].flatMap(ofAgent),
    'dafx-session-expiry: orchestrationTrigger',
    'dafx-turn: orchestrationTrigger',
    ...['model', 'tool', 'tools', 'approval-need'].map((step) => `dafx-turn-${step}: activityTrigger durableClient`),
    'health_check: httpTrigger http',
    'http-agent-not-found: httpTrigger http',
    client('start-document-publishing'),
  ];
  assert.deepEqual(
    expected.filter((line) => !lines.includes(line)),
    [],
    lines.join('\n'),
  );
});

test('the bare folder runs: a turn is answered from it', async (t) => {
  const folder = deploy(t);
  const host = await HostProcess.start({ app: folder, data: join(folder, 'data') });
  t.after(() => host.stop());
  assert.equal((await host.run('ResearchAgent', { message: 'hello' })).status, 200);
});

test('every package the bundle needs at run time is inside it, and the host settings name a bundle with Durable', () => {
  const text = readFileSync(join(root, 'dist/functions/app.cjs'), 'utf8');
  const external = new Set([...text.matchAll(/\brequire\("([^"./][^"]*)"\)/g)].map((match) => match[1]!));
  const builtin = new Set(createRequire(import.meta.url)('node:module').builtinModules as string[]);
  const missing = [...external].filter((id) => !id.startsWith('node:') && !builtin.has(id));
  // `debug` asks for supports-color inside a try, only to colour a terminal.
  assert.deepEqual(missing.sort(), ['@azure/functions-core', 'supports-color']);
  const host = JSON.parse(readFileSync(join(root, 'host.json'), 'utf8')) as {
    extensionBundle: { id: string; version: string };
  };
  assert.deepEqual(host.extensionBundle, { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' });
});
