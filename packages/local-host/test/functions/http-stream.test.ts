import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { loadApp } from '../../src/functions/app-loader.ts';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { outsideAddress } from './fixtures/outside-address.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

/** Nothing here takes long; what waits for ever is to fail. */
const limited = { timeout: 20_000 };

const APP = `
import { app } from '@azure/functions';
app.setup({ enableHttpStream: true });
globalThis.gates = {};
const gate = (name) => new Promise((resolve) => { globalThis.gates[name] = resolve; });

app.http('events', {
  handler: () => ({
    headers: { 'content-type': 'text/event-stream' },
    body: (async function* () {
      yield 'data: one\\n\\n';
      await gate('events');
      yield 'data: two\\n\\n';
    })(),
  }),
});
app.http('describe', {
  route: 'items/{id}',
  methods: ['GET', 'POST', 'PUT'],
  handler: async (request) => ({
    status: 202,
    headers: { 'x-own': 'yes' },
    cookies: [{ name: 'a', value: '1' }],
    jsonBody: {
      method: request.method,
      url: request.url,
      thing: request.headers.get('x-thing'),
      invocation: request.headers.get('x-ms-invocation-id'),
      repeated: request.query.getAll('k'),
      params: request.params,
      text: await request.text(),
    },
  }),
});
app.http('trace', { handler: (request, context) => ({ jsonBody: { trace: context.traceContext } }) });
app.http('ignores', { methods: ['POST'], handler: () => ({ body: 'unread' }) });
app.http('nothing', { handler: () => undefined });
app.http('throws', { handler: () => { throw new Error('early'); } });
app.http('breaks', {
  handler: () => ({ body: (async function* () { yield 'begin'; await gate('breaks'); throw new Error('late'); })() }),
});
app.http('left', {
  handler: async () => {
    globalThis.gates.leftStarted();
    await gate('left');
    throw new Error('nobody is there');
  },
});
`;

const { logger, text: logged, entries } = recordingLogger();
const server = new FunctionsHttpServer({ port: 0, logger, maxBodyBytes: 1000 });
const { url } = await server.listen();
const app = await loadApp({
  appDirectory: createAppFolder({ 'package.json': { type: 'module', main: 'app.js' }, 'app.js': APP }),
  logger,
});
server.serve(app);
after(async () => {
  await server.stop(0);
  await app.stop();
});
const gates = (globalThis as unknown as { gates: Record<string, () => void> }).gates;

test('the first event arrives while the handler is still working on the second', limited, async () => {
  const response = await fetch(`${url}/api/events`);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('x-ms-invocation-id'), null);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const first = await reader.read();
  assert.equal(Buffer.from(first.value ?? []).toString(), 'data: one\n\n');
  gates.events?.();
  const second = await reader.read();
  assert.equal(Buffer.from(second.value ?? []).toString(), 'data: two\n\n');
  assert.equal((await reader.read()).done, true);
});

test('the request is passed on: method, URL, headers, repeated query keys, route values, body', limited, async () => {
  const path = '/api/items/a%20b?k=1&k=2';
  const headers = { 'X-Thing': 'Value', 'x-ms-invocation-id': 'forged', 'x-forwarded-host': 'evil.example' };
  const response = await fetch(url + path, { method: 'PUT', headers, body: 'text' });
  assert.equal(response.status, 202);
  assert.equal(response.headers.get('x-own'), 'yes');
  assert.deepEqual(response.headers.getSetCookie(), ['a=1']);
  const seen = (await response.json()) as Record<string, unknown>;
  assert.deepEqual([seen.method, seen.url, seen.thing, seen.text], ['PUT', url + path, 'Value', 'text']);
  assert.deepEqual(seen.repeated, ['1', '2']);
  assert.deepEqual(seen.params, { id: 'a b' });
});

test('the trace of the caller reaches the context', limited, async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const response = await fetch(`${url}/api/trace`, { headers: { traceparent, tracestate: 'k=v' } });
  assert.deepEqual(await response.json(), { trace: { traceParent: traceparent, traceState: 'k=v', attributes: {} } });
  assert.deepEqual(await (await fetch(`${url}/api/trace`)).json(), {});
});

test('a chunked body is passed on', limited, async () => {
  const parts = async function* () {
    yield Buffer.from('one, ');
    yield Buffer.from('two');
  };
  const init = { method: 'POST', body: parts(), duplex: 'half' } as unknown as RequestInit;
  const seen = (await (await fetch(`${url}/api/items/1`, init)).json()) as { text: string };
  assert.equal(seen.text, 'one, two');
});

test('a handler that does not read the body answers all the same', limited, async () => {
  const response = await fetch(`${url}/api/ignores`, { method: 'POST', body: 'x'.repeat(900) });
  assert.equal(await response.text(), 'unread');
});

test('a client that is answered while it still sends is told to close, and is cut off', limited, async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('POST /api/ignores HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900\r\n\r\nonly the start');
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
  }
  assert.match(text, /^HTTP\/1.1 200 /);
  assert.match(text, /^connection: close\r$/im);
  assert.match(text, /unread/);
});

test('a handler that returns nothing is answered 204', limited, async () => {
  const response = await fetch(`${url}/api/nothing`);
  assert.deepEqual([response.status, await response.text()], [204, '']);
});

test('a failure before the response is answered 500 with an empty body', limited, async () => {
  const response = await fetch(`${url}/api/throws`);
  assert.deepEqual([response.status, await response.text()], [500, '']);
  assert.match(logged(), /Function "throws" failed/);
});

test('a failure in the middle of a body cuts the connection', limited, async () => {
  const response = await fetch(`${url}/api/breaks`);
  gates.breaks?.();
  await assert.rejects(response.text());
  assert.match(logged(), /Function "breaks" failed/);
});

test('a body over the limit is answered 413, announced or not', limited, async () => {
  const announced = await fetch(`${url}/api/items/1`, { method: 'POST', body: 'x'.repeat(1001) });
  assert.equal(announced.status, 413);
  const parts = async function* () {
    yield Buffer.alloc(600);
    yield Buffer.alloc(600);
  };
  const init = { method: 'POST', body: parts(), duplex: 'half' } as unknown as RequestInit;
  assert.equal((await fetch(`${url}/api/items/1`, init)).status, 413);
});

test('a client that leaves does not stop the handler, whose failure is still logged', limited, async () => {
  const started = new Promise<void>((resolve) => {
    gates.leftStarted = resolve;
  });
  const controller = new AbortController();
  const request = fetch(`${url}/api/left`, { signal: controller.signal });
  await started;
  controller.abort();
  await assert.rejects(request);
  while (!logged().includes('/api/left -> client left')) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  gates.left?.();
  while (!logged().includes('Function "left" failed after its response had ended')) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const failure = entries.find(({ message }) => message.startsWith('Function "left" failed'));
  assert.match(String(failure?.error), /nobody is there/);
});

test('the server that the library opens is reachable on the loopback address only', limited, async (context) => {
  const address = outsideAddress();
  if (!address) {
    context.skip('this machine has no other address');
    return;
  }
  const socket = connect(Number(app.streamUri?.port), address);
  const outcome = await new Promise((resolve) => {
    socket
      .once('connect', () => resolve('connected'))
      .once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  });
  socket.destroy();
  assert.equal(outcome, 'ECONNREFUSED');
});
