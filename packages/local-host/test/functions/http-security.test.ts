import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, test } from 'node:test';
import { refusalFor } from '../../src/functions/http-guard.ts';
import { FunctionsHttpServer, type HttpServerOptions } from '../../src/functions/http-server.ts';
import { fakeApp } from './fixtures/fake-app.ts';
import { sendRaw } from './fixtures/raw-http.ts';

async function start(options: HttpServerOptions = {}) {
  const app = fakeApp({ hello: () => ({ statusCode: '200', body: { string: 'hi' } }) });
  const server = new FunctionsHttpServer({ port: 0, ...options });
  const info = await server.listen();
  after(() => server.stop(0));
  server.serve(app);
  const ask = (headers: IncomingHttpHeaders, method = 'POST', path = '/api/hello'): Promise<string> => {
    const lines = Object.entries({ host: `localhost:${info.port}`, connection: 'close', ...headers });
    const head = lines.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}\r\n`);
    return sendRaw(info.port, `${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
  };
  return { app, server, ask, ...info };
}

const local = await start();
const listed = await start({
  allowedHosts: ['box.example'],
  cors: { origins: ['http://localhost:3000/', 'https://App.example'], credentials: true },
});

const FOREIGN: [name: string, headers: IncomingHttpHeaders][] = [
  ['a foreign Host', { host: 'evil.example' }],
  ['a foreign Host with the right port', { host: `evil.example:${local.port}` }],
  ['a Host that only begins like ours', { host: 'localhost.evil.example' }],
  ['a Host that only ends like ours', { host: 'evillocalhost' }],
  ['a Host with user information', { host: 'localhost@evil.example' }],
  ['another address of this machine as Host', { host: '192.168.0.1' }],
  ['a foreign Origin', { origin: 'https://evil.example' }],
  ['the Origin of another port', { origin: 'http://localhost:3000' }],
  ['the Origin null', { origin: 'null' }],
  ['an Origin that is no URL', { origin: 'x' }],
  ['a form post from another origin', { origin: 'https://evil.example', 'content-type': 'text/plain' }],
  ['an image on a foreign page', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
];

for (const [name, headers] of FOREIGN) {
  test(`${name} is answered 403 before any work`, async () => {
    const before = local.app.calls.length;
    for (const [method, path] of [
      ['POST', '/api/hello'],
      ['GET', '/admin/functions'],
    ]) {
      const answer = await local.ask(headers, method, path);
      assert.match(answer, /^HTTP\/1\.1 403 /);
      assert.doesNotMatch(answer, /access-control-/i);
    }
    assert.equal(local.app.calls.length, before);
  });
}

const OWN: [name: string, headers: IncomingHttpHeaders][] = [
  ['no Origin', {}],
  ['127.0.0.1', { host: '127.0.0.1' }],
  ['[::1] with a port', { host: `[::1]:${local.port}` }],
  ['a name under localhost', { host: 'app.localhost:1' }],
  ['a mapped port and its own Origin', { host: 'localhost:9000', origin: 'http://localhost:9000' }],
  ['upper case', { host: 'LOCALHOST', origin: 'http://localhost' }],
  ['a link that is followed', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
];

for (const [name, headers] of OWN) {
  test(`a request with ${name} is answered`, async () => {
    assert.match(await local.ask(headers), /^HTTP\/1\.1 200 /);
  });
}

test('a listed host and a listed origin are answered, with the origin named', async () => {
  assert.match(await listed.ask({ host: 'box.example:1' }), /^HTTP\/1\.1 200 /);
  const answer = await listed.ask({ origin: 'https://app.example' });
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, /\r\naccess-control-allow-origin: https:\/\/app\.example\r\n/i);
  assert.match(answer, /\r\naccess-control-allow-credentials: true\r\n/i);
  assert.match(answer, /\r\nvary: Origin\r\n/i);
});

test('a preflight of a listed origin is allowed what it asks for and reaches no function', async () => {
  const before = listed.app.calls.length;
  const answer = await listed.ask(
    {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-thing',
    },
    'OPTIONS',
  );
  assert.match(answer, /^HTTP\/1\.1 204 /);
  assert.match(answer, /\r\naccess-control-allow-origin: http:\/\/localhost:3000\r\n/i);
  assert.match(answer, /\r\naccess-control-allow-methods: PUT\r\n/i);
  assert.match(answer, /\r\naccess-control-allow-headers: x-thing\r\n/i);
  assert.equal(listed.app.calls.length, before);
});

test('a preflight of any other origin is answered 403', async () => {
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  assert.match(await listed.ask(headers, 'OPTIONS'), /^HTTP\/1\.1 403 /);
});

test('a failure keeps the CORS headers, so that the page can read the status', async () => {
  const app = fakeApp({ hello: () => Promise.reject(new Error('no')) });
  const server = new FunctionsHttpServer({ port: 0, cors: { origins: ['*'] } });
  const { url } = await server.listen();
  after(() => server.stop(0));
  server.serve(app);
  const response = await fetch(`${url}/api/hello`, { headers: { origin: 'https://any.example' } });
  assert.equal(response.status, 500);
  assert.equal(response.headers.get('access-control-allow-origin'), 'https://any.example');
});

test('with "*" listed the answer still names the origin', async () => {
  const any = await start({ cors: { origins: ['*'] } });
  const answer = await any.ask({ origin: 'https://any.example' });
  assert.match(answer, /access-control-allow-origin: https:\/\/any\.example/i);
  assert.doesNotMatch(answer, /access-control-allow-credentials/i);
});

test('a literal address is a good Host only when the server listens beyond this machine', () => {
  const options = { allowedHosts: [], isAllowedOrigin: () => false };
  for (const host of ['192.168.0.1:7071', '[fe80::1]:7071']) {
    assert.ok(refusalFor({ host }, { ...options, loopbackOnly: true }));
    assert.equal(refusalFor({ host }, { ...options, loopbackOnly: false }), undefined);
  }
  assert.ok(refusalFor({ host: 'evil.example' }, { ...options, loopbackOnly: false }));
  assert.ok(refusalFor({}, { ...options, loopbackOnly: false }));
});

test('both loopback addresses answer where the machine has both', async () => {
  for (const address of local.addresses) {
    const answer = await sendRaw(
      local.port,
      'GET /api/hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      address,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /, address);
  }
  assert.equal(local.addresses[0], '127.0.0.1');
});

test('a request target that is not a path is answered 400', async () => {
  assert.match(await local.ask({}, 'GET', 'http://evil.example/api/hello'), /^HTTP\/1\.1 400 /);
  assert.match(await local.ask({}, 'OPTIONS', '*'), /^HTTP\/1\.1 400 /);
});

test('headers over 16 KB are answered 431', async () => {
  assert.match(await local.ask({ 'x-big': 'x'.repeat(17_000) }), /^HTTP\/1\.1 431 /);
});
