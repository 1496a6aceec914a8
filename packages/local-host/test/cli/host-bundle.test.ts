import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildHost } from '../../../../scripts/build-host.mjs';

const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
const classicApp = fileURLToPath(new URL('../durable/app', import.meta.url));
const grpcApp = fileURLToPath(new URL('../scheduler/grpc-app', import.meta.url));

describe('the bundle that npm start runs', () => {
  const root = mkdtempSync(join(tmpdir(), 'host-bundle-'));
  let file = '';
  before(async () => {
    symlinkSync(modules, join(root, 'node_modules'), 'junction');
    file = await buildHost(join(root, 'bin'));
  });
  const children: ChildProcess[] = [];
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });

  async function start(app: string): Promise<{ url: string; stop: () => Promise<void> }> {
    const data = mkdtempSync(join(root, 'data-'));
    const args = ['--disable-warning=ExperimentalWarning', file, 'start', '--app', app, '--port', '0', '--data', data];
    const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    children.push(child);
    const gone = once(child, 'exit');
    const [message] = await Promise.race([once(child, 'message'), gone.then(() => assert.fail('it ended'))]);
    const stop = async () => {
      child.kill('SIGINT');
      await gone;
    };
    return { url: (message as { url: string }).url, stop };
  }

  async function run(url: string, name: string, input: unknown): Promise<unknown> {
    const query = 'timeout=20&pollingInterval=1';
    const reply = await fetch(`${url}/runtime/webhooks/durabletask/orchestrators/${name}?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    assert.equal(reply.status, 200);
    return reply.json();
  }

  test('serves an app, and keeps its compiled code for the next start', async () => {
    const host = await start(classicApp);
    assert.deepEqual(await run(host.url, 'echo', { a: 1 }), { input: { a: 1 }, version: '' });
    await host.stop();
    assert.ok(readdirSync(join(root, 'compile-cache')).length > 0);
  });

  test('finds the parts that are loaded by need', async () => {
    const host = await start(grpcApp);
    // Its orchestrators speak protobuf.
    assert.equal(await run(host.url, 'fanOut', 3), 3);
    await host.stop();
    assert.ok(readdirSync(join(root, 'bin')).some((name) => name.startsWith('orchestrator-work')));
  });

  test('tells how to use it, and ends with 2 when it is used otherwise', () => {
    const help = spawnSync(process.execPath, [file, '--help'], { encoding: 'utf8' });
    assert.deepEqual([help.status, help.stdout.includes('durable-local')], [0, true]);
    assert.equal(spawnSync(process.execPath, [file, 'start', '--nonsense']).status, 2);
  });

  test('is not built again while no source is newer', async () => {
    const built = statSync(file).mtimeMs;
    await buildHost(join(root, 'bin'));
    assert.equal(statSync(file).mtimeMs, built);
  });
});
