import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { loadApp } from '../../src/functions/app-loader.ts';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { sendRaw } from './fixtures/raw-http.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

const APP = `
import { app, HttpResponse } from '@azure/functions';
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
const describe = async (request) => ({
  method: request.method,
  url: request.url,
  headers: Object.fromEntries(request.headers),
  query: Object.fromEntries(request.query),
  params: request.params,
  text: await request.text(),
});
app.http('describe', { methods, route: 'items/{id?}', handler: async (request) => ({ jsonBody: await describe(request) }) });
app.http('files', { route: 'files/{*path}', handler: async (request) => ({ jsonBody: await describe(request) }) });
app.http('bytes', {
  methods: ['POST'],
  handler: async (request) => ({
    body: Buffer.from(await request.arrayBuffer()),
    headers: { 'content-type': 'application/octet-stream', 'x-own': 'żó' === 'x' ? '' : 'ok', connection: 'x-own' },
  }),
});
app.http('nothing', { handler: () => undefined });
app.http('created', { handler: () => ({ status: 201, headers: { location: '/x' }, body: 'zażółć 🧵' }) });
app.http('instance', { handler: () => new HttpResponse({ status: 418, body: 'teapot' }) });
app.http('noContent', { handler: () => ({ status: 204 }) });
app.http('cookies', {
  handler: () => ({
    cookies: [
      { name: 'a', value: 'x y;z', maxAge: 60, httpOnly: true, secure: true, sameSite: 'None', domain: 'example.com', path: '/api' },
      { name: 'b', value: '1', expires: new Date('2030-01-02T03:04:05Z'), sameSite: 'Lax' },
    ],
  }),
});
app.http('badCookie', { handler: () => ({ headers: { 'x-left': 'over' }, cookies: [{ name: 'a', value: '1', path: '/\\r\\nx: y' }] }) });
app.http('streamed', {
  handler: () => ({ body: (async function* () { yield Buffer.from('one '); yield Buffer.from('two'); })() }),
});
app.http('throws', { handler: () => { throw new Error('inner secret'); } });
app.http('wrongType', { handler: () => 'text' });
app.http('trace', { handler: (request, context) => ({ jsonBody: { trace: context.traceContext } }) });
`;

const { logger, text: logged } = recordingLogger();
const server = new FunctionsHttpServer({ port: 0, logger });
const { url, port } = await server.listen();
after(() => server.stop(0));
server.serve(
  await loadApp({
    appDirectory: createAppFolder({ 'package.json': { type: 'module', main: 'app.js' }, 'app.js': APP }),
    logger,
  }),
);

interface Described {
  method: string;
  url: string;
  headers: Record<string, string>;
  query: Record<string, string>;
  params: Record<string, string>;
  text: string;
}

async function describe(path: string, init?: RequestInit): Promise<Described> {
  const response = await fetch(url + path, init);
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  return (await response.json()) as Described;
}

test('method, absolute URL, headers, query, route values and body reach the handler', async () => {
  const path = '/api/items/7?a=1&b=x%20y';
  const seen = await describe(path, { method: 'PUT', headers: { 'X-Thing': 'Value' }, body: 'text' });
  assert.equal(seen.method, 'PUT');
  assert.equal(seen.url, url + path);
  assert.equal(seen.headers['x-thing'], 'Value');
  assert.deepEqual(seen.query, { a: '1', b: 'x y' });
  assert.deepEqual(seen.params, { id: '7' });
  assert.equal(seen.text, 'text');
});

test('an optional route value that is not given is absent', async () => {
  assert.deepEqual((await describe('/api/items')).params, {});
});

test('routes match in any case, and a trailing slash makes no difference', async () => {
  assert.deepEqual((await describe('/API/Items/Seven/')).params, { id: 'Seven' });
});

test('repeated query keys are joined with a comma, in any case, as on the real host', async () => {
  assert.deepEqual((await describe('/api/items?k=1&K=2&k=3&empty=')).query, { k: '1,2,3', empty: '' });
});

test('a session id with non-ASCII text and emoji arrives whole', async () => {
  const id = 'zażółć-🧵';
  assert.deepEqual((await describe(`/api/items/${encodeURIComponent(id)}`)).params, { id });
});

test('an escaped slash stays escaped in a route value', async () => {
  assert.deepEqual((await describe('/api/items/a%2Fb%20c')).params, { id: 'a%2Fb c' });
});

test('a catch-all takes the rest of the path, and may be empty', async () => {
  assert.deepEqual((await describe('/api/files/a/b%20c/d')).params, { path: 'a/b c/d' });
  assert.deepEqual((await describe('/api/files')).params, {});
});

test('dot segments are resolved before a route is looked for', async () => {
  const answer = await sendRaw(
    port,
    'GET /api/items/x/%2e%2e/y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  );
  assert.match(answer, /"params":\{"id":"y"\}/);
});

for (const path of ['/api/items/%zz', '/api/items/%', '/api/items/%ff', '/api/items/a%00b']) {
  test(`the malformed path ${path} is answered 400`, async () => {
    const answer = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });
}

test('keys named like parts of an object prototype change nothing', async () => {
  const seen = await describe('/api/items?__proto__=polluted&constructor=x&a=1');
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal(seen.query.a, '1');
});

test('a binary body goes through unchanged in both directions, and connection headers stay the host’s', async () => {
  const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
  const response = await fetch(`${url}/api/bytes`, { method: 'POST', body });
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), body);
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  assert.equal(response.headers.get('content-length'), '70000');
  assert.notEqual(response.headers.get('connection'), 'x-own');
});

test('a chunked body arrives whole', async () => {
  const parts = async function* () {
    yield Buffer.from('one, ');
    yield Buffer.from('two');
  };
  const init = { method: 'POST', body: parts(), duplex: 'half' } as unknown as RequestInit;
  assert.equal((await describe('/api/items', init)).text, 'one, two');
});

test('a client that waits for 100-continue is told to go on', async () => {
  const head =
    'POST /api/items HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close';
  const answer = await sendRaw(port, `${head}\r\n\r\nhi`);
  assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  assert.match(answer, /"text":"hi"/);
});

test('status, headers and text of a response are those of the handler', async () => {
  const response = await fetch(`${url}/api/created`);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('location'), '/x');
  assert.equal(await response.text(), 'zażółć 🧵');
});

test('an HttpResponse object is an answer too', async () => {
  const response = await fetch(`${url}/api/instance`);
  assert.deepEqual([response.status, await response.text()], [418, 'teapot']);
});

for (const name of ['nothing', 'noContent']) {
  test(`${name}: no content is answered 204 without a body`, async () => {
    const response = await fetch(`${url}/api/${name}`);
    assert.deepEqual([response.status, await response.text()], [204, '']);
    assert.equal(response.headers.get('content-length'), null);
  });
}

test('cookies become Set-Cookie lines', async () => {
  const response = await fetch(`${url}/api/cookies`);
  assert.deepEqual(response.headers.getSetCookie(), [
    'a=x%20y%3Bz; max-age=60; domain=example.com; path=/api; secure; samesite=none; httponly',
    'b=1; expires=Wed, 02 Jan 2030 03:04:05 GMT; path=/; samesite=lax',
  ]);
});

test('a cookie that would forge a header is a failure, and nothing of the response is sent', async () => {
  const response = await fetch(`${url}/api/badCookie`);
  assert.deepEqual([response.status, await response.text()], [500, '']);
  assert.equal(response.headers.get('x-left'), null);
  assert.deepEqual(response.headers.getSetCookie(), []);
});

test('without streaming a streamed body is sent when it has ended', async () => {
  const response = await fetch(`${url}/api/streamed`);
  assert.equal(response.headers.get('content-length'), '7');
  assert.equal(await response.text(), 'one two');
});

for (const name of ['throws', 'wrongType']) {
  test(`${name}: a failure is answered 500 with an empty body; the log has the details`, async () => {
    const response = await fetch(`${url}/api/${name}`);
    assert.deepEqual([response.status, await response.text()], [500, '']);
    assert.match(logged(), new RegExp(`error Function "${name}" failed`));
  });
}

test('HEAD sends the headers only', async () => {
  const response = await fetch(`${url}/api/items/1`, { method: 'HEAD' });
  assert.deepEqual([response.status, await response.text()], [200, '']);
  assert.ok(Number(response.headers.get('content-length')) > 0);
});

test('unknown paths and methods that are not listed are answered 404 with an empty body', async () => {
  for (const [method, path] of [
    ['GET', '/api/unknown'],
    ['GET', '/api'],
    ['GET', '/items'],
    ['GET', '/api/items/1/2'],
    ['DELETE', '/api/created'],
    ['GET', '/api/bytes'],
  ]) {
    const response = await fetch(url + path, { method: method ?? 'GET' });
    assert.deepEqual([response.status, await response.text()], [404, ''], `${method} ${path}`);
  }
});

test('the trace of the caller reaches the context', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const response = await fetch(`${url}/api/trace`, { headers: { traceparent, tracestate: 'k=v' } });
  assert.deepEqual(await response.json(), { trace: { traceParent: traceparent, traceState: 'k=v', attributes: {} } });
  const malformed = await fetch(`${url}/api/trace`, { headers: { traceparent: 'nonsense' } });
  assert.deepEqual(await malformed.json(), {});
});

test('a request is logged without its query', async () => {
  await describe('/api/items/9?code=key-in-url');
  assert.match(logged(), /information GET \/api\/items\/9 -> 200 in \d+ ms/);
  assert.doesNotMatch(logged(), /key-in-url/);
});

test('the host answers for itself at /, and tells its state and its functions', async () => {
  assert.match(await (await fetch(`${url}/`)).text(), /running with \d+ functions/);
  const status = (await (await fetch(`${url}/admin/host/status`)).json()) as { state: string };
  assert.equal(status.state, 'Running');
  const functions = (await (await fetch(`${url}/admin/functions`)).json()) as Record<string, unknown>[];
  const created = functions.find(({ name }) => name === 'created');
  assert.equal(created?.invoke_url_template, `${url}/api/created`);
  assert.equal(created?.isDisabled, false);
});
