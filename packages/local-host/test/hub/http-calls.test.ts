import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Harness } from './harness.ts';

const requests: { line: string; headers: IncomingHttpHeaders; body: string }[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
    const left = requests.filter(({ line }) => line === `GET ${request.url}`).length;
    if (request.url === '/work') response.writeHead(202, { location: '/work/status', 'retry-after': '1' }).end();
    else if (request.url === '/work/status' && left < 2) {
      response.writeHead(202, { location: '/work/status', 'retry-after': '0' }).end();
    } else if (request.url === '/missing') response.writeHead(404).end('not here');
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"done":true}');
  });
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.close();
  server.closeAllConnections();
});
const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

for (const strict of [false, true]) {
  describe(`callHttp (${strict ? 'strict' : 'live'})`, { concurrency: false }, () => {
    const harness = new Harness({ strict });
    before(() => harness.start());
    after(() => harness.dispose());

    test('a call answered 202 is polled at its location until the answer is final', async () => {
      process.env.DURABLE_HTTP_ALLOWED_HOSTS = '127.0.0.1';
      requests.length = 0;
      const ended = await harness.run('calls', {
        method: 'POST',
        url: `${base()}/work`,
        body: { a: 1 },
        headers: { 'content-type': 'application/json', 'x-functions-key': 'secret', 'x-own': 'kept' },
      });
      assert.deepEqual(JSON.parse(ended.output ?? ''), [200, '{"done":true}', 'after']);
      assert.deepEqual(
        requests.map(({ line }) => line),
        ['POST /work', 'GET /work/status', 'GET /work/status'],
      );
      assert.equal(requests[0]?.body, '{"a":1}');
      assert.equal(requests[1]?.headers['x-functions-key'], undefined, 'the key is for the first request alone');
      assert.equal(requests[1]?.headers['x-own'], 'kept');
    });

    test('without polling a 202 is the answer, and an error status is an answer too', async () => {
      process.env.DURABLE_HTTP_ALLOWED_HOSTS = '127.0.0.1';
      const first = await harness.run('calls', { method: 'GET', url: `${base()}/work`, enablePolling: false });
      assert.deepEqual(JSON.parse(first.output ?? ''), [202, '', 'after']);
      const second = await harness.run('calls', { method: 'GET', url: `${base()}/missing` });
      assert.deepEqual(JSON.parse(second.output ?? ''), [404, 'not here', 'after']);
    });

    test('a call to this machine fails with advice unless the app allows it', async () => {
      process.env.DURABLE_HTTP_ALLOWED_HOSTS = '';
      const count = requests.length;
      const ended = await harness.run('calls', { method: 'GET', url: `${base()}/other` });
      assert.equal(ended.status, 'Failed');
      assert.match(ended.output ?? '', /DURABLE_HTTP_ALLOWED_HOSTS/);
      assert.equal(requests.length, count);
    });
  });
}
