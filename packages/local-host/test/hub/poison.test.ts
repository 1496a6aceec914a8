import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const app = fileURLToPath(new URL('./app', import.meta.url));

/** Starts the host; undefined if it went down before it was ready. */
async function start(data: string): Promise<{ url: string; child: ChildProcess; gone: Promise<unknown> } | undefined> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=durable-source',
      '--disable-warning=ExperimentalWarning',
      cli,
      'start',
      '--app',
      app,
      '--port',
      '0',
      '--data',
      data,
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const gone = once(child, 'exit');
  const url = await Promise.race([
    once(child, 'message').then(([message]) => (message as { url: string }).url),
    gone.then(() => undefined),
  ]);
  return url === undefined ? undefined : { url, child, gone };
}

test('work that takes the process down is set aside after some starts, and what is behind it goes on', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'poison-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const first = (await start(data))!;
  const base = `${first.url}/runtime/webhooks/durabletask`;
  const headers = { 'content-type': 'application/json' };
  await fetch(`${base}/orchestrators/throwsBomb/boom`, { method: 'POST' }).catch(() => undefined);
  await first.gone;

  let starts = 1;
  let signalled = false;
  for (; ; starts++) {
    assert.ok(starts < 25, 'the host comes up again');
    const host = await start(data);
    if (host === undefined) continue;
    const api = `${host.url}/runtime/webhooks/durabletask`;
    const status = await fetch(`${api}/instances/boom`).catch(() => undefined);
    if (status?.status !== 200) {
      await host.gone;
      continue;
    }
    if (!signalled) {
      assert.match(await status.text(), /"runtimeStatus":"Failed".*Set aside: 5 times/s);
      signalled = true;
      await fetch(`${api}/entities/Bomb/b?op=explode`, { method: 'POST', headers, body: '1' }).catch(() => undefined);
      await fetch(`${api}/entities/Bomb/b?op=count`, { method: 'POST', headers, body: '1' }).catch(() => undefined);
      await host.gone;
      // Whether the second signal got in depends on how fast the process went down.
      continue;
    }
    const again = await fetch(`${api}/entities/Bomb/b?op=count`, { method: 'POST', headers, body: '1' }).catch(
      () => undefined,
    );
    if (again?.status !== 202) continue;
    const state = await waitForState(`${api}/entities/bomb/b`);
    if (state === undefined) continue;
    assert.ok(state >= 1, 'the operations behind the bomb ran');
    host.child.kill('SIGINT');
    await host.gone;
    break;
  }
  t.diagnostic(`${starts} starts`);
});

async function waitForState(url: string): Promise<number | undefined> {
  for (let i = 0; i < 100; i++) {
    const reply = await fetch(url).catch(() => undefined);
    if (reply === undefined) return undefined;
    if (reply.status === 200) return Number(await reply.text());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return undefined;
}
