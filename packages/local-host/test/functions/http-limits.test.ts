import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { FunctionsHttpServer, type HttpServerOptions } from '../../src/functions/http-server.ts';
import { ListenError } from '../../src/functions/listen-error.ts';
import { fakeApp } from './fixtures/fake-app.ts';
import { readAll } from './fixtures/raw-http.ts';

/** Nothing here takes long; what waits for ever is to fail. */
const limited = { timeout: 20_000 };

const LIMIT = 1_000_000;

async function start(options: HttpServerOptions = {}) {
  const app = fakeApp({
    size: (http) => ({ statusCode: '200', body: { string: String(http.body?.bytes?.byteLength ?? 0) } }),
  });
  const server = new FunctionsHttpServer({ port: 0, maxBodyBytes: LIMIT, ...options });
  const info = await server.listen();
  after(() => server.stop(0));
  server.serve(app);
  return { app, server, ...info };
}

const { url, port, app } = await start();

test('a body of exactly the limit is taken, one byte more is answered 413', limited, async () => {
  const fits = await fetch(`${url}/api/size`, { method: 'POST', body: Buffer.alloc(LIMIT) });
  assert.equal(await fits.text(), String(LIMIT));
  const before = app.calls.length;
  const over = await fetch(`${url}/api/size`, { method: 'POST', body: Buffer.alloc(LIMIT + 1) });
  assert.equal(over.status, 413);
  assert.match(await over.text(), /1000000 bytes/);
  assert.equal(over.headers.get('connection'), 'close');
  assert.equal(app.calls.length, before);
});

test('a body that is announced as too large is refused before a byte of it has come', limited, async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write('POST /api/size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000000\r\n\r\n');
  assert.match(await readAll(socket), /^HTTP\/1\.1 413 /);
});

test('a client that waits for 100-continue with too large a body is not told to go on', limited, async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    'POST /api/size HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 200000000\r\n\r\n',
  );
  assert.match(await readAll(socket), /^HTTP\/1\.1 413 /);
});

test(
  'an endless chunked body is answered 413, the connection is closed, and memory does not follow it',
  limited,
  async (context) => {
    const before = process.memoryUsage.rss();
    const socket = connect(port, '127.0.0.1');
    context.after(() => socket.destroy());
    const block = Buffer.from(`${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`);
    let sent = 0;
    const pump = (): void => {
      while (!socket.destroyed && socket.write(block)) {
        sent += block.length;
      }
      sent += block.length;
    };
    socket.on('drain', pump);
    socket.write('POST /api/size HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
    pump();
    const meanwhile = await fetch(`${url}/api/size`);
    assert.equal(meanwhile.status, 200);
    assert.match(await readAll(socket), /^HTTP\/1\.1 413 /);
    assert.ok(sent > LIMIT, `${sent} bytes were sent`);
    const growth = process.memoryUsage.rss() - before;
    assert.ok(growth < 60_000_000, `memory grew by ${growth} bytes while ${sent} were sent`);
  },
);

test('a client that leaves in the middle of its body calls no function', limited, async () => {
  const before = app.calls.length;
  const socket = connect(port, '127.0.0.1');
  socket.write('POST /api/size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf', () => socket.destroy());
  await readAll(socket);
  // A later request is answered after the server has seen the end of the first.
  assert.equal(await (await fetch(`${url}/api/size`)).text(), '0');
  assert.equal(app.calls.length, before + 1);
});

test('a client that sends its headers too slowly is cut off', limited, async () => {
  const slow = await start({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
  const socket = connect(slow.port, '127.0.0.1');
  socket.write('GET /api/size HTTP/1.1\r\nHost: loc');
  assert.match(await readAll(socket), /^HTTP\/1\.1 408 /);
});

test('a port in use is reported with the port, the flag and a free one', limited, async () => {
  const second = new FunctionsHttpServer({ port });
  await assert.rejects(second.listen(), (error) => {
    assert.ok(error instanceof ListenError);
    assert.deepEqual([error.code, error.port], ['portInUse', port]);
    assert.match(error.message, new RegExp(`^Port ${port} is in use on localhost\\. Stop .* --port`));
    return true;
  });
});

test('an address that is not of this machine is reported as such', limited, async () => {
  await assert.rejects(new FunctionsHttpServer({ port: 0, host: '203.0.113.1' }).listen(), { code: 'cannotListen' });
});
