import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type McpToolsOptions, mcpTools } from '../../src/mcp.ts';
import { errorOf, recordingLogger, runContext } from '../agent/support.ts';
import { startHttpServer } from './http-server.ts';
import { callTool, namesOf, toolsOf } from './support.ts';
import { weatherServer } from './weather-server.ts';

type Test = { after(work: () => Promise<void>): void };

/** A weather server over HTTP, and what its tools were called with. */
async function weatherOverHttp(t: Test, options: Partial<McpToolsOptions> & { headers?: Headers } = {}) {
  const calls: [string, unknown][] = [];
  const make = () => weatherServer((tool, meta) => calls.push([tool, meta]));
  const server = await startHttpServer(make);
  t.after(() => server.stop());
  const { headers, ...rest } = options;
  const source = mcpTools({ transport: { url: server.url, headers }, ...rest });
  t.after(() => source.close());
  return { calls, make, server, source };
}
type Headers = Extract<McpToolsOptions['transport'], { url: unknown }>['headers'];

test('the tools of a server over HTTP work, in one session', async (t) => {
  const { server, source } = await weatherOverHttp(t);
  assert.equal(await callTool(source, 'forecast_get', { city: 'Oslo' }), 'Sun in Oslo for 1 day(s).');
  assert.deepEqual(await callTool(source, 'measure'), { celsius: 21 });
  const asked = server.requests.filter(({ method }) => method === 'POST').map(({ rpc }) => rpc);
  assert.deepEqual(asked, ['initialize', 'notifications/initialized', 'tools/list', 'tools/call', 'tools/call']);
});

test('headers go with every request; a function is asked anew each time', async (t) => {
  let token = 0;
  const { server, source } = await weatherOverHttp(t, {
    headers: async () => ({ authorization: `Bearer ${++token}` }),
  });
  await callTool(source, 'measure');
  const tokens = server.requests.map(({ headers }) => headers.authorization);
  assert.equal(new Set(tokens).size, server.requests.length);
  assert.ok(tokens.every((value) => /^Bearer \d+$/.test(value ?? '')));
});

test('the idempotency key of a call goes to the server', async (t) => {
  const { calls, source } = await weatherOverHttp(t);
  await callTool(source, 'forecast_get', { city: 'Oslo' });
  const meta = calls[0]?.[1] as Record<string, unknown>;
  assert.equal(meta['durable-agents/idempotencyKey'], '@dafx-a@s1/c1/1-0');
});

test('a server that was restarted, and knows the session no more, is connected with anew', async (t) => {
  const { make, server, source } = await weatherOverHttp(t);
  await callTool(source, 'measure');
  await server.stop();
  const restarted = await startHttpServer(make, { port: server.port });
  t.after(() => restarted.stop());
  const pending = callTool(source, 'measure');
  assert.deepEqual(await pending, { celsius: 21 });
  assert.equal(restarted.requests.filter(({ rpc }) => rpc === 'tools/call').length, 1);
});

test('a tool kept from before the restart makes its call once', async (t) => {
  const { calls, make, server, source } = await weatherOverHttp(t);
  const tools = await toolsOf(source);
  await server.stop();
  const restarted = await startHttpServer(make, { port: server.port });
  t.after(() => restarted.stop());
  const kept = { name: 'kept', tools: async () => tools, close: async () => {} };
  assert.equal(await callTool(kept, 'forecast_get', { city: 'Oslo' }), 'Sun in Oslo for 1 day(s).');
  assert.deepEqual(
    calls.map(([tool]) => tool),
    ['forecast.get'],
  );
});

test('a server that is gone makes the source unavailable until it is back', async (t) => {
  const { make, server, source } = await weatherOverHttp(t);
  await server.stop();
  await assert.rejects(toolsOf(source), { code: 'toolSourceUnavailable', retryable: true });
  const back = await startHttpServer(make, { port: server.port });
  t.after(() => back.stop());
  assert.ok((await namesOf(source)).includes('measure'));
});

test('a server that dies during a call ends the call at once, not at its time limit', async (t) => {
  const { calls, server, source } = await weatherOverHttp(t);
  const pending = callTool(source, 'stuck');
  while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await server.stop();
  const { code, message } = errorOf(await pending);
  assert.equal(code, 'toolFailed');
  assert.match(message, /was lost\. The call may have taken effect/);
});

test('a stopped run aborts the call at the server', async (t) => {
  const { calls, source } = await weatherOverHttp(t);
  await namesOf(source);
  const controller = new AbortController();
  const pending = callTool(source, 'stuck', {}, runContext({ signal: controller.signal }));
  while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  assert.equal(errorOf(await pending).code, 'aborted');
  while (calls.length === 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(calls[1]?.[0], 'stuck aborted');
});

test('an address that answers with something else makes the source unavailable, and the log has no secret of it', async (t) => {
  const { server } = await weatherOverHttp(t);
  const source = mcpTools({ transport: { url: `${server.url}?key=topsecret`, headers: { 'mcp-session-id': 'x' } } });
  const log = recordingLogger();
  await assert.rejects(toolsOf(source, runContext({ log })), { code: 'toolSourceUnavailable' });
  assert.ok(log.lines.length > 0);
  assert.doesNotMatch(JSON.stringify(log.lines), /topsecret/);
});

/** The address of a server that takes connections and never says a word. */
async function silentServer(t: Test): Promise<string> {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  return `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
}

test('a silent server is given up at the time limit for connecting', async (t) => {
  const source = mcpTools({ transport: { url: await silentServer(t) }, connectTimeoutMs: 50 });
  await assert.rejects(toolsOf(source), { code: 'toolSourceUnavailable' });
});

test('a stopped run does not wait for a silent server', async (t) => {
  const source = mcpTools({ transport: { url: await silentServer(t) } });
  const controller = new AbortController();
  const waiting = toolsOf(source, runContext({ signal: controller.signal }));
  controller.abort();
  await assert.rejects(waiting, { code: 'canceled' });
});

/** A server that does not announce changes of its list, which comes in pages of one. */
function changingServer(names: string[]): Server {
  const server = new Server({ name: 'changing', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
    const at = Number(params?.cursor ?? 0);
    const tools = names.slice(at, at + 1).map((name) => ({ name, inputSchema: { type: 'object' as const } }));
    return { tools, ...(at + 1 < names.length && { nextCursor: String(at + 1) }) };
  });
  return server;
}

test('all pages of a list are read, and the list of a server that does not announce changes is read again', async (t) => {
  const names = ['one', 'two', 'three'];
  const server = await startHttpServer(() => changingServer(names) as never, { stateless: true });
  t.after(() => server.stop());
  const fresh = mcpTools({ transport: { url: server.url }, refreshMs: 0 });
  const lasting = mcpTools({ transport: { url: server.url } });
  t.after(() => fresh.close());
  t.after(() => lasting.close());
  assert.deepEqual(await namesOf(fresh), ['one', 'two', 'three']);
  assert.deepEqual(await namesOf(lasting), ['one', 'two', 'three']);
  names.pop();
  assert.deepEqual(await namesOf(fresh), ['one', 'two']);
  assert.deepEqual(await namesOf(lasting), ['one', 'two', 'three']);
});

test('closing tells the server that the session is over', async (t) => {
  const { server, source } = await weatherOverHttp(t);
  await namesOf(source);
  await source.close();
  assert.equal(server.requests.at(-1)?.method, 'DELETE');
});
