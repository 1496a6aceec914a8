import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { KeyGuard } from '../../src/keys/key-guard.ts';
import { KeyStore } from '../../src/keys/key-store.ts';
import { fakeApp, httpFunction } from '../functions/fixtures/fake-app.ts';
import { recordingLogger } from '../functions/fixtures/recording-logger.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-host-levels-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const store = new KeyStore(folder);
store.ensure(['durabletask_extension', 'mcp_extension']);
const log = recordingLogger();

const LEVELS: Record<string, Record<string, unknown>> = {
  open: { authLevel: 'anonymous' },
  inner: { authLevel: 'function' },
  Inner2: { authLevel: 'FUNCTION' },
  top: { authLevel: 'admin' },
  unset: { authLevel: undefined },
  odd: { authLevel: 'user' },
};
const fake = fakeApp(Object.fromEntries(Object.keys(LEVELS).map((name) => [name, () => ({ statusCode: '200' })])));
const app = { ...fake, functions: Object.entries(LEVELS).map(([name, trigger]) => httpFunction(name, trigger)) };
const server = new FunctionsHttpServer({
  port: 0,
  logger: log.logger,
  keys: new KeyGuard(store, log.logger),
  cors: { origins: ['https://app.example'] },
});
const { url } = await server.listen();
after(() => server.stop(0));
server.mount('/runtime/webhooks/durabletask', async () => ({ status: 202 }), {
  access: { kind: 'system', name: 'durabletask_extension' },
});
server.mount('/unlisted', async () => ({ status: 200 }));
server.mount('/public', async () => ({ status: 200 }), { access: { kind: 'open' } });
server.serve(app);

const KEYS = {
  master: store.list().find(({ kind }) => kind === 'master')!.value,
  host: store.list().find(({ kind }) => kind === 'host')!.value,
  'another host key': store.create({ kind: 'host', name: 'ci' }).value,
  'key of inner': store.create({ kind: 'function', functionName: 'Inner', name: 'default' }).value,
  'key of Inner2': store.create({ kind: 'function', functionName: 'inner2', name: 'default' }).value,
  'durable key': store.systemKey('durabletask_extension'),
  'other system key': store.systemKey('mcp_extension'),
};
type KeyName = keyof typeof KEYS;
const NAMES = Object.keys(KEYS) as KeyName[];

/** Which keys open a path, what the others are answered, and what a call that gets through is. */
const RULES: { path: string; method?: string; opens: KeyName[] | 'all'; ok: number; forbidden?: KeyName[] }[] = [
  { path: '/api/open', opens: 'all', ok: 200 },
  { path: '/api/inner', opens: ['master', 'host', 'another host key', 'key of inner'], ok: 200 },
  { path: '/API/INNER2', opens: ['master', 'host', 'another host key', 'key of Inner2'], ok: 200 },
  { path: '/api/unset', opens: ['master', 'host', 'another host key'], ok: 200 },
  { path: '/api/top', opens: ['master'], ok: 200 },
  { path: '/api/odd', opens: ['master'], ok: 200 },
  {
    path: '/admin/functions',
    opens: ['master'],
    ok: 200,
    forbidden: ['host', 'another host key', 'durable key', 'other system key'],
  },
  {
    path: '/Admin/Host/Status',
    opens: ['master'],
    ok: 200,
    forbidden: ['host', 'another host key', 'durable key', 'other system key'],
  },
  {
    path: '/runtime/webhooks/durabletask/instances/x',
    method: 'POST',
    opens: ['master', 'durable key'],
    ok: 202,
    forbidden: ['host', 'another host key', 'other system key'],
  },
  {
    path: '/unlisted',
    opens: ['master'],
    ok: 200,
    forbidden: ['host', 'another host key', 'durable key', 'other system key'],
  },
  { path: '/public', opens: 'all', ok: 200 },
  { path: '/', opens: 'all', ok: 200 },
];

async function ask(path: string, method: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url + path, { method, headers });
  const body = await response.text();
  if (response.status === 401 || response.status === 403) {
    assert.equal(body, '', 'a refusal has no body');
  }
  return response.status;
}

for (const { path, method = 'GET', opens, ok, forbidden = [] } of RULES) {
  test(`${path} is opened by ${opens === 'all' ? 'anybody' : opens.join(', ')}, in header or query, and by nothing else`, async () => {
    const without = opens === 'all' ? ok : 401;
    assert.equal(await ask(path, method), without, 'no key');
    for (const wrong of ['wrong', KEYS.master.slice(0, -1), `${KEYS.master}A`, KEYS.master.toLowerCase(), '']) {
      assert.equal(await ask(path, method, { 'x-functions-key': wrong }), without, 'wrong key in the header');
      assert.equal(await ask(`${path}?code=${wrong}`, method), without, 'wrong key in the query');
    }
    for (const name of NAMES) {
      const isGood = opens === 'all' || opens.includes(name);
      const expected = isGood ? ok : forbidden.includes(name) ? 403 : 401;
      assert.equal(await ask(path, method, { 'x-functions-key': KEYS[name] }), expected, `${name} in the header`);
      assert.equal(await ask(`${path}?a=b&code=${KEYS[name]}`, method), expected, `${name} in the query`);
    }
  });
}

test('a refused request does not reach the function', async () => {
  const before = fake.calls.filter((name) => name === 'top').length;
  assert.equal(await ask('/api/top', 'POST', { 'x-functions-key': KEYS.host }), 401);
  assert.equal(fake.calls.filter((name) => name === 'top').length, before);
});

test('the header wins over the query, even with nothing in it', async () => {
  const withKey = `/api/inner?code=${KEYS.master}`;
  assert.equal(await ask(withKey, 'GET', { 'x-functions-key': 'wrong' }), 401);
  assert.equal(await ask(withKey, 'GET', { 'x-functions-key': '' }), 401);
  assert.equal(await ask('/api/inner?code=wrong', 'GET', { 'x-functions-key': KEYS.master }), 200);
});

test('the query name has no case, and its first value counts', async () => {
  assert.equal(await ask(`/api/inner?CODE=${KEYS.host}`, 'GET'), 200);
  assert.equal(await ask(`/api/inner?code=wrong&code=${KEYS.host}`, 'GET'), 401);
});

test('what is not there is answered 404 to anybody', async () => {
  assert.equal(await ask('/api/nothing', 'GET'), 404);
  assert.equal(await ask('/api/inner', 'DELETE'), 404);
  assert.equal(await ask('/admin/nothing', 'GET'), 404);
});

test('a preflight needs no key, and a refusal lets the listed origin read the status', async () => {
  const origin = 'https://app.example';
  const headers = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-functions-key',
  };
  assert.equal(await ask('/api/inner', 'OPTIONS', headers), 204);
  const refused = await fetch(`${url}/api/inner`, { headers: { origin } });
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, origin]);
});

test('a rolled key counts from the next request on, and a deleted one no more', async () => {
  const id = { kind: 'host', name: 'short' } as const;
  const other = new KeyStore(folder);
  const first = other.create(id).value;
  assert.equal(await ask('/api/inner', 'GET', { 'x-functions-key': first }), 200);
  const second = other.roll(id).value;
  assert.equal(await ask('/api/inner', 'GET', { 'x-functions-key': first }), 401);
  assert.equal(await ask('/api/inner', 'GET', { 'x-functions-key': second }), 200);
  other.delete(id);
  assert.equal(await ask('/api/inner', 'GET', { 'x-functions-key': second }), 401);
});

test('the log says why a request was refused and holds no key', () => {
  const text = log.text();
  assert.match(text, /GET \/api\/inner was refused: no key was given\./);
  assert.match(text, /GET \/api\/inner was refused: the key is not known here\./);
  assert.match(text, /GET \/admin\/functions was refused: the key does not open this\./);
  assert.match(text, /GET \/api\/inner -> 200/);
  for (const value of Object.values(KEYS)) {
    assert.ok(!text.includes(value));
  }
});
