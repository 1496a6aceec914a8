import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AddressPolicy } from '../../src/outbound/address-policy.ts';
import { guardedRequest, type OutboundRequest } from '../../src/outbound/guarded-request.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

const get = (url: string, headers: Record<string, string> = {}): OutboundRequest => ({
  method: 'GET',
  url: new URL(url),
  headers,
  body: undefined,
});
const limits = (allowed: string) => ({ policy: new AddressPolicy(allowed), timeoutMs: 5_000, maxBytes: 1_000 });

test('places on this machine and its network are inside, whatever their spelling', () => {
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '::1',
    '::',
    'fe80::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    'not an address',
  ]) {
    assert.equal(AddressPolicy.isInside(address), true, address);
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '192.167.1.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    assert.equal(AddressPolicy.isInside(address), false, address);
  }
});

test('a call to this machine is refused unless the host is listed, by name, by address and by odd spellings', async (t) => {
  let calls = 0;
  const port = await serve(t, (_request, response) => {
    calls++;
    response.end('here');
  });
  for (const host of [
    'localhost',
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '[::ffff:127.0.0.1]',
    '127.1',
  ]) {
    await assert.rejects(
      guardedRequest(get(`http://${host}:${port}/`), limits('elsewhere.test')),
      { code: 'addressRefused', message: /DURABLE_HTTP_ALLOWED_HOSTS/ },
      host,
    );
  }
  assert.equal(calls, 0);
  for (const allowed of [`localhost:${port}`, 'LOCALHOST', ' a.test , localhost', '*']) {
    assert.equal((await guardedRequest(get(`http://localhost:${port}/`), limits(allowed))).body, 'here', allowed);
  }
  await assert.rejects(guardedRequest(get(`http://localhost:${port}/`), limits(`localhost:${port + 1}`)), {
    code: 'addressRefused',
  });
});

test('a redirect is checked again, and takes no credentials to another origin', async (t) => {
  const seen: unknown[] = [];
  const target = await serve(t, (request, response) => {
    seen.push(request.headers.authorization, request.headers['x-functions-key'], request.headers['x-own']);
    response.end(request.method);
  });
  const from = await serve(t, (request, response) => {
    const location = new URL(request.url ?? '/', 'http://from').searchParams.get('to') ?? '/';
    response.writeHead(302, { location }).end();
  });
  const to = (url: string) => `http://127.0.0.1:${from}/?to=${encodeURIComponent(url)}`;
  const secret = { authorization: 'Bearer t', 'x-functions-key': 'k', 'x-own': 'kept' };
  const both = limits(`127.0.0.1:${from},127.0.0.1:${target}`);
  assert.equal((await guardedRequest(get(to(`http://127.0.0.1:${target}/`), secret), both)).body, 'GET');
  assert.deepEqual(seen, [undefined, undefined, 'kept']);
  const post: OutboundRequest = { ...get(to(`http://127.0.0.1:${target}/`)), method: 'POST', body: 'data' };
  assert.equal((await guardedRequest(post, both)).body, 'GET', 'a 302 turns a POST into a GET');
  await assert.rejects(guardedRequest(get(to(`http://127.0.0.1:${target}/`)), limits(`127.0.0.1:${from}`)), {
    code: 'addressRefused',
  });
  await assert.rejects(guardedRequest(get(to('file:///etc/passwd')), both), { code: 'invalidRequest' });
});

test('an endless redirect, a large answer, no answer and no server each end in their own error', async (t) => {
  const port = await serve(t, (request, response) => {
    if (request.url === '/loop') response.writeHead(307, { location: '/loop' }).end();
    else if (request.url === '/large') response.end('x'.repeat(1_001));
    // Anything else is never answered.
  });
  const base = `http://127.0.0.1:${port}`;
  await assert.rejects(guardedRequest(get(`${base}/loop`), limits('*')), { code: 'tooManyRedirects' });
  await assert.rejects(guardedRequest(get(`${base}/large`), limits('*')), { code: 'responseTooLarge' });
  await assert.rejects(guardedRequest(get(`${base}/never`), { ...limits('*'), timeoutMs: 50 }), {
    code: 'requestFailed',
    message: /no answer within 50 ms/,
  });
  await assert.rejects(guardedRequest(get('http://127.0.0.1:1/'), limits('*')), { code: 'requestFailed' });
  await assert.rejects(guardedRequest(get('ftp://127.0.0.1/'), limits('*')), { code: 'invalidRequest' });
});
