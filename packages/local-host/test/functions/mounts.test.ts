import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { fakeApp } from './fixtures/fake-app.ts';
import { outsideAddress } from './fixtures/outside-address.ts';

const server = new FunctionsHttpServer({ port: 0, maxBodyBytes: 100 });
const { url } = await server.listen();
after(() => server.stop(0));
server.mount('/runtime/webhooks', async () => ({ status: 418 }));
server.mount('/runtime/webhooks/durabletask', async (request) => ({
  status: 202,
  headers: { location: '/x', 'content-type': 'application/json' },
  body: JSON.stringify({
    method: request.method,
    path: request.url.pathname,
    top: request.url.searchParams.get('top'),
    thing: request.headers['x-thing'],
    body: request.body.toString(),
  }),
}));
server.mount('/broken', async () => {
  throw new Error('no');
});
server.serve(fakeApp({ hello: () => undefined }));

test('a mounted handler gets the request and its answer is sent', async () => {
  const response = await fetch(`${url}/runtime/webhooks/durabletask/instances/a%2Fb?top=2`, {
    method: 'POST',
    headers: { 'x-thing': 'v' },
    body: 'payload',
  });
  assert.deepEqual([response.status, response.headers.get('location')], [202, '/x']);
  assert.deepEqual(await response.json(), {
    method: 'POST',
    path: '/runtime/webhooks/durabletask/instances/a%2Fb',
    top: '2',
    thing: 'v',
    body: 'payload',
  });
});

test('the longest prefix is responsible, in any case, and only for whole segments', async () => {
  assert.equal((await fetch(`${url}/RUNTIME/Webhooks/DurableTask`)).status, 202);
  assert.equal((await fetch(`${url}/runtime/webhooks/durabletaskX`)).status, 418);
  assert.equal((await fetch(`${url}/runtime/webhooksX`)).status, 404);
});

test('the body limit holds for mounted routes', async () => {
  const response = await fetch(`${url}/runtime/webhooks/durabletask`, { method: 'POST', body: 'x'.repeat(101) });
  assert.equal(response.status, 413);
});

test('a mounted handler that throws is answered 500 with an empty body', async () => {
  const response = await fetch(`${url}/broken`);
  assert.deepEqual([response.status, await response.text()], [500, '']);
});

test('a route for this machine only refuses connections from elsewhere', async (context) => {
  const address = outsideAddress();
  if (!address) {
    context.skip('this machine has no other address');
    return;
  }
  const open = new FunctionsHttpServer({ port: 0, host: '0.0.0.0' });
  const { port } = await open.listen();
  after(() => open.stop(0));
  open.mount('/rpc', async () => ({ status: 200 }), { loopbackOnly: true });
  open.serve(fakeApp({ hello: () => undefined }));
  assert.equal((await fetch(`http://127.0.0.1:${port}/rpc`)).status, 200);
  assert.equal((await fetch(`http://${address}:${port}/rpc`)).status, 403);
  assert.equal((await fetch(`http://${address}:${port}/api/hello`)).status, 204);
});
