import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DURABLE_KEY } from '../../src/keys/key.ts';
import { KeyStore } from '../../src/keys/key-store.ts';
import { outsideAddress } from '../functions/fixtures/outside-address.ts';
import { HostProcess } from './fixtures/cli-process.ts';
import { writeDurableApp } from './fixtures/durable-app.ts';
import { temporaryFolder } from './fixtures/temporary-folder.ts';

interface Links {
  id: string;
  statusQueryGetUri: string;
  sendEventPostUri: string;
  terminatePostUri: string;
  purgeHistoryDeleteUri: string;
}

const withKey = (value: string) => ({ 'x-functions-key': value });

async function start(host: HostProcess, headers: Record<string, string> = {}): Promise<Links> {
  const response = await fetch(`${host.url}/api/start`, { method: 'POST', headers });
  assert.equal(response.status, 202);
  return (await response.json()) as Links;
}

const post = (url: string, body = '', headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

/** Follows the status link, and then each `Location` given, until the instance has ended. */
async function follow(statusUrl: string): Promise<Record<string, unknown>> {
  const deadline = Date.now() + 20_000;
  for (let url = statusUrl; ; ) {
    assert.ok(Date.now() < deadline, `the instance does not end: ${url}`);
    const response = await fetch(url);
    assert.ok(response.status === 200 || response.status === 202, `${response.status} from the status link`);
    const body = (await response.json()) as Record<string, unknown>;
    if (response.status === 200) {
      return body;
    }
    url = response.headers.get('location') ?? assert.fail('a running instance says where to ask again');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('with --auth the links of an orchestration work as given, and no other way without a key', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app, '--auth');
  const store = new KeyStore(join(app, '.durable'));
  assert.equal(host.auth, true);
  assert.equal((await fetch(`${host.url}/api/open`)).status, 200);
  assert.equal((await post(`${host.url}/api/start`)).status, 401);

  const hostKey = store.list().find(({ kind }) => kind === 'host')!.value;
  const links = await start(host, withKey(hostKey));
  for (const link of Object.values(links).filter((value) => value.startsWith('http'))) {
    assert.equal(new URL(link).searchParams.get('code'), store.systemKey(DURABLE_KEY));
  }
  for (const link of [links.statusQueryGetUri, links.sendEventPostUri]) {
    const bare = new URL(link);
    bare.searchParams.delete('code');
    const method = link === links.statusQueryGetUri ? 'GET' : 'POST';
    assert.equal((await fetch(bare, { method })).status, 401);
  }
  assert.equal((await fetch(links.statusQueryGetUri)).status, 202);
  assert.equal((await post(links.sendEventPostUri.replace('{eventName}', 'go'), 'true')).status, 202);
  assert.equal((await follow(links.statusQueryGetUri)).output, 'Hello, Ada');
  assert.equal((await fetch(links.purgeHistoryDeleteUri, { method: 'DELETE' })).status, 200);
});

test('a start through the webhook needs the key and answers with links that work', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app, '--auth');
  const store = new KeyStore(join(app, '.durable'));
  const target = `${host.url}/runtime/webhooks/durabletask/orchestrators/hello`;
  assert.equal((await post(target, '"Bea"')).status, 401);
  const master = store.list().find(({ kind }) => kind === 'master')!.value;
  const response = await post(target, '"Bea"', withKey(master));
  assert.equal(response.status, 202);
  const links = (await response.json()) as Links;
  assert.ok(!JSON.stringify(links).includes(master), 'the links carry the lesser key');
  assert.equal((await post(links.sendEventPostUri.replace('{eventName}', 'go'), 'true')).status, 202);
  assert.equal((await follow(links.statusQueryGetUri)).output, 'Hello, Bea');
});

test('running a function through /admin takes the master key', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app, '--auth');
  const keys = new KeyStore(join(app, '.durable')).list();
  const invoke = (headers: Record<string, string>) => post(`${host.url}/admin/functions/tidy`, '{"input":""}', headers);
  const valueOfKind = (wanted: string) => keys.find(({ kind }) => kind === wanted)!.value;
  assert.equal((await invoke({})).status, 401);
  assert.equal((await invoke(withKey(valueOfKind('host')))).status, 403);
  assert.equal((await invoke(withKey(valueOfKind('master')))).status, 202);
});

test("the app's own durable client needs no key", async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app, '--auth');
  const key = new KeyStore(join(app, '.durable')).create({ kind: 'function', functionName: 'count', name: 'k' }).value;
  const response = await fetch(`${host.url}/api/count`, { headers: withKey(key) });
  assert.equal(response.status, 200);
});

test('a rolled durable key is in the next links, and ends the old ones', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app, '--auth');
  const store = new KeyStore(join(app, '.durable'));
  const hostKey = store.list().find(({ kind }) => kind === 'host')!.value;
  const before = await start(host, withKey(hostKey));
  const rolled = store.roll({ kind: 'system', name: DURABLE_KEY }).value;
  assert.equal((await fetch(before.statusQueryGetUri)).status, 401);
  const after = await start(host, withKey(hostKey));
  assert.equal(new URL(after.statusQueryGetUri).searchParams.get('code'), rolled);
  const old = new URL(before.statusQueryGetUri);
  old.searchParams.set('code', rolled);
  const again = await fetch(old);
  assert.equal(again.status, 202);
  assert.equal(new URL(again.headers.get('location')!).searchParams.get('code'), rolled);
});

test('without --auth nobody is asked for a key, none is made, and links carry none', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app);
  assert.equal(host.auth, false);
  const links = await start(host);
  assert.equal(new URL(links.statusQueryGetUri).searchParams.has('code'), false);
  assert.equal((await fetch(links.statusQueryGetUri)).status, 202);
  assert.equal((await fetch(`${host.url}/admin/functions`)).status, 200);
  assert.throws(() => readFileSync(join(app, '.durable/keys.json')), /ENOENT/);
});

test('a bind that lets other machines in asks for keys by itself, unless told not to', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const open = await HostProcess.start(t, app, '--host', '0.0.0.0');
  const port = new URL(open.url).port;
  const addresses = ['127.0.0.1', outsideAddress()].filter((address) => address !== undefined);
  for (const address of addresses) {
    assert.equal((await post(`http://${address}:${port}/api/start`)).status, 401);
    assert.equal((await fetch(`http://${address}:${port}/api/open`)).status, 200);
  }
  await open.stop();
  const trusting = await HostProcess.start(t, app, '--host', '0.0.0.0', '--no-auth');
  assert.equal((await post(`${trusting.url}/api/start`)).status, 202);
  assert.match(trusting.output, /no keys are asked for/);
});
