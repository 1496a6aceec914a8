import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { fakeApp } from './fixtures/fake-app.ts';
import { readAll } from './fixtures/raw-http.ts';

/** Nothing here takes long; what waits for ever is to fail. */
const limited = { timeout: 20_000 };

async function start() {
  let started = (): void => {};
  let finish = (): void => {};
  const begun = new Promise<void>((resolve) => {
    started = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const app = fakeApp({
    quick: () => ({ statusCode: '200', body: { string: 'quick' } }),
    slow: async () => {
      started();
      await gate;
      return { statusCode: '200', body: { string: 'finished' } };
    },
  });
  const server = new FunctionsHttpServer({ port: 0 });
  const info = await server.listen();
  after(() => server.stop(0));
  return { app, server, begun, finish, ...info };
}

test('until an app is served the host says so, with 503 and Retry-After', limited, async () => {
  const { server, app, url } = await start();
  server.mount('/early', async () => ({ status: 200 }));
  for (const path of ['/', '/api/quick', '/early']) {
    const response = await fetch(url + path);
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1'], path);
  }
  const state = async () => ((await (await fetch(`${url}/admin/host/status`)).json()) as { state: string }).state;
  assert.equal(await state(), 'Initialized');
  server.serve(app);
  assert.equal(await state(), 'Running');
  assert.equal((await fetch(`${url}/api/quick`)).status, 200);
});

test(
  'a stop lets running requests end and answers new ones 503 with Retry-After, on kept connections too',
  limited,
  async () => {
    const { server, app, url, port, begun, finish } = await start();
    server.serve(app);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async (): Promise<IncomingMessage> => {
      const [response] = (await once(get(`${url}/api/quick`, { agent }), 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return response;
    };
    assert.equal((await ask()).statusCode, 200);

    const running = fetch(`${url}/api/slow`);
    await begun;
    const stopped = server.stop();
    const refused = await ask();
    assert.deepEqual(
      [refused.statusCode, refused.headers['retry-after'], refused.headers.connection],
      [503, '1', 'close'],
    );
    assert.equal((await fetch(`${url}/api/quick`)).status, 503);

    finish();
    assert.equal(await (await running).text(), 'finished');
    assert.deepEqual(await stopped, { abandoned: 0 });
    assert.equal(app.calls.filter((name) => name === 'quick').length, 1);
    agent.destroy();

    const socket = connect(port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  },
);

test('what has not ended when the grace is over is cut off and counted', limited, async () => {
  const { server, app, port, begun } = await start();
  server.serve(app);
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /api/slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const answer = readAll(socket);
  await begun;
  assert.deepEqual(await server.stop(10), { abandoned: 1 });
  assert.equal(await answer, '');
});

test('idle connections do not hold up a stop', limited, async () => {
  const { server, app, port } = await start();
  server.serve(app);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const closed = readAll(socket);
  assert.deepEqual(await server.stop(60_000), { abandoned: 0 });
  assert.equal(await closed, '');
});
