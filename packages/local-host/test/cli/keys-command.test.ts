import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeyStore } from '../../src/keys/key-store.ts';
import { HostProcess, runCli, spawnCli } from '../keys/fixtures/cli-process.ts';
import { writeDurableApp } from '../keys/fixtures/durable-app.ts';
import { temporaryFolder } from '../keys/fixtures/temporary-folder.ts';

test('create and roll print the value alone, where a script takes it, and list shows values only when told', async (t) => {
  const folder = temporaryFolder(t);
  const keys = (...args: string[]) => runCli('keys', ...args, '--data', folder);
  const empty = await keys('list', '--show');
  assert.deepEqual([empty.code, empty.out], [0, '']);
  assert.match(empty.err, /no key in .*keys\.json yet/);

  const made = await keys('create', 'function', 'Mobile', '--function', 'Start');
  assert.equal(made.code, 0);
  assert.match(made.out, /^[\w-]{43}\n$/);
  assert.equal(made.err, 'Created the key "mobile" of function "start".\n');
  const rolled = await keys('roll', 'function', 'mobile', '--function', 'start');
  assert.match(rolled.out, /^[\w-]{43}\n$/);
  assert.notEqual(rolled.out, made.out);

  const listed = await keys('list');
  assert.match(listed.out, /^function +start +mobile +\d{4}-/m);
  assert.ok(!listed.out.includes(rolled.out.trim()));
  const shown = await keys('list', '--show');
  assert.ok(shown.out.includes(rolled.out.trim()));
  assert.ok(!shown.out.includes(made.out.trim()));

  const deleted = await keys('delete', 'function', 'mobile', '--function', 'start');
  assert.deepEqual([deleted.code, deleted.out], [0, '']);
  assert.equal(new KeyStore(folder).list().length, 0);
});

test('without --data the keys are those of the app, where its host looks for them', async (t) => {
  const app = temporaryFolder(t);
  const { out } = await runCli('keys', 'create', 'host', '--app', app);
  assert.equal(new KeyStore(join(app, '.durable')).list()[0]?.value, out.trim());
});

test('commands at the same time lose no key', async (t) => {
  const folder = temporaryFolder(t);
  const names = Array.from({ length: 8 }, (_, index) => `key${index}`);
  const results = await Promise.all(names.map((name) => runCli('keys', 'create', 'host', name, '--data', folder)));
  for (const { code, err } of results) {
    assert.equal(code, 0, err);
  }
  const stored = new Map(new KeyStore(folder).list().map(({ name, value }) => [name, value]));
  assert.deepEqual(
    names.map((name) => stored.get(name)),
    results.map(({ out }) => out.trim()),
  );
});

test('a mistake ends with the reason, a code of its own kind, and nothing on standard output', async (t) => {
  const folder = temporaryFolder(t);
  const usage = await runCli('keys', 'roll');
  assert.deepEqual([usage.code, usage.out], [2, '']);
  assert.match(usage.err, /Which key: host, function, system or master\./);
  const missing = await runCli('keys', 'roll', 'host', 'ci', '--data', folder);
  assert.deepEqual([missing.code, missing.out], [1, '']);
  assert.match(missing.err, /^There is no host key "ci"\./);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.json')),
    [],
  );
});

test('a damaged file stops the host and the command with advice, and stays as it is', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const store = new KeyStore(join(app, '.durable'));
  store.ensure();
  const secret = store.list()[0]!.value;
  const text = readFileSync(store.file, 'utf8').slice(0, -10);
  writeFileSync(store.file, text);
  const results = [
    await runCli('keys', 'create', 'host', 'ci', '--app', app),
    await runCli('start', '--app', app, '--port', '0', '--auth'),
  ];
  for (const { code, err, out } of results) {
    assert.equal(code, 1);
    assert.match(err, /keys\.json is damaged: it is no JSON\. Restore it from a copy, or move it away/);
    assert.ok(!`${out}${err}`.includes(secret.slice(0, 8)));
  }
  assert.equal(readFileSync(store.file, 'utf8'), text);
});

test('a running host takes up what the command does at the next request, and prints no key', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app, '--auth', '--verbose');
  const start = async (key: string, query = '') => {
    const response = await fetch(`${host.url}/api/start${query}`, {
      method: 'POST',
      headers: query === '' ? { 'x-functions-key': key } : {},
    });
    await response.body?.cancel();
    return response.status;
  };
  const keys = async (...args: string[]) => (await runCli('keys', ...args, '--app', app)).out.trim();
  const first = await keys('create', 'function', '--function', 'start');
  assert.equal(await start(first), 202);
  const second = await keys('roll', 'function', '--function', 'start');
  assert.deepEqual([await start(first), await start(second), await start('', `?code=${second}`)], [401, 202, 202]);
  const master = await keys('roll', 'master');
  assert.equal(await start(master), 202);
  await keys('delete', 'function', '--function', 'start');
  assert.equal(await start(second), 401);

  await host.stop();
  assert.match(host.output, /Requests have to show keys/);
  assert.match(host.output, /POST \/api\/start -> 202/);
  const all = [first, second, master, ...new KeyStore(join(app, '.durable')).list().map(({ value }) => value)];
  for (const value of all) {
    assert.ok(!host.output.includes(value));
  }
});

test('keys that become unreadable while the host runs let nobody in', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const host = await HostProcess.start(t, app, '--auth');
  const store = new KeyStore(join(app, '.durable'));
  const headers = { 'x-functions-key': store.list()[0]!.value };
  const text = readFileSync(store.file, 'utf8');
  writeFileSync(store.file, text.slice(0, 20));
  assert.equal((await fetch(`${host.url}/admin/host/status`, { headers })).status, 500);
  assert.equal((await fetch(`${host.url}/api/open`)).status, 200);
  writeFileSync(store.file, text);
  assert.equal((await fetch(`${host.url}/admin/host/status`, { headers })).status, 200);
  assert.match(host.output, /keys\.json is damaged/);
});

test('started by a person, the host says how to see the keys, and the line works as it stands', async (t) => {
  const app = writeDurableApp(temporaryFolder(t));
  const child = spawnCli('start', '--app', app, '--port', '0', '--auth');
  t.after(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  let hint: RegExpExecArray | null = null;
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    hint = /^See the keys: durable-local (.*) "(.*)"$/m.exec(output);
    if (hint) {
      break;
    }
  }
  assert.ok(hint, output);
  const { out, code } = await runCli(...hint[1]!.split(' '), hint[2]!);
  assert.equal(code, 0);
  for (const name of ['_master', 'default', 'durabletask_extension']) {
    assert.match(out, new RegExp(` ${name} .* [\\w-]{43}\n`));
  }
});

test('started by a program, which knows better how the command is called, it leaves that line out', async (t) => {
  const host = await HostProcess.start(t, writeDurableApp(temporaryFolder(t)), '--auth');
  await host.stop();
  assert.match(host.output, /Requests have to show keys/);
  assert.ok(!host.output.includes('keys list'));
});
