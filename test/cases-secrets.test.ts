import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, HostProcess, root, temporaryFolder } from './support/host-process.ts';
import { type CompletionRequest, type ModelReply, ModelServer, textOf } from './support/model-server.ts';

const app = join(root, 'test/apps/observability');
const canary = 'Canary0123456789abcdefCanary';
const storageKey = `${'Canary'.repeat(14)}AB==`;
/** What a person says, with a key in it. */
const message = `Dear diary, my key is sk-proj-${canary} and password=${canary}.`;
const connectionString = `Server=orders;User Id=me;Pwd=${canary};AccountKey=${storageKey}`;
const env = { ORDERS_CONNECTION_STRING: connectionString, AzureWebJobsStorage: connectionString, CANARY: canary };
const headers = {
  authorization: `Bearer ${canary}`,
  'api-key': canary,
  cookie: `session=${canary}`,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

/** Does what the message asks for; with a secret in the arguments of each call. */
function obey({ messages }: CompletionRequest): ModelReply {
  const last = messages.at(-1)!;
  const text = textOf(last.content);
  if (last.role === 'tool') return { text: `It says: ${text}` };
  // Providers repeat what they were sent, and keys with it.
  const quoted = `Bad request "${text}" with key sk-proj-${canary}, AccountKey=${storageKey}`;
  if (text.includes('[refuse]')) return { status: 400, body: { error: { message: quoted } } };
  if (text.includes('[unauthorized]')) return { status: 401, body: { error: { message: quoted } } };
  const name = text.includes('[break]') ? 'break_down' : 'look';
  return { calls: [{ id: 'call-1', name, arguments: { query: text } }] };
}

async function setUp(t: TestContext, args: string[]) {
  const model = await ModelServer.start(obey);
  t.after(() => model.stop());
  const data = join(temporaryFolder(t), 'data');
  const host = await HostProcess.start({ app, data, args: [...args, '--verbose'], env: { ...model.env, ...env } });
  t.after(() => host.stop());
  return { host, data };
}

/** Fails with the line at fault, not with the whole text. */
function assertNothingIn(text: string, pattern: RegExp, where: string): void {
  const line = text.split('\n').find((candidate) => pattern.test(candidate));
  assert.equal(line, undefined, `${where}: ${line}`);
}

test('secrets and messages are in no log line and no span, and secrets in no error reply', async (t) => {
  const { host } = await setUp(t, []);
  const replies: string[] = [];
  const ask = async (agent: string, body: unknown, query = '') => {
    const reply = await host.post(`/api/agents/${agent}/run${query}`, body, headers);
    const text = await reply.text();
    if (reply.status >= 400) replies.push(text);
    return reply.status;
  };
  for (const agent of ['Turner', 'Stepper']) {
    assert.equal(await ask(agent, { message }), 200);
    assert.equal(await ask(agent, { message: `${message} [break]` }, `?code=${canary}`), 200);
    assert.equal(await ask(agent, { message: `${message} [refuse]` }), 500);
    assert.equal(await ask(agent, { message: `${message} [unauthorized]` }), 500);
    assert.equal(await ask(agent, `{"message":"${message}`), 400);
    assert.equal(await ask(agent, { message, role: 'system', apiKey: canary }), 400);
    const streamed = await host.post(
      `/api/agents/${agent}/run`,
      { message: `${message} [refuse]` },
      { ...headers, accept: 'text/event-stream' },
    );
    const end = (await streamed.text()).split('\n\n').find((event) => event.includes('event: error')) ?? '';
    assert.match(end, /modelBadRequest/);
    replies.push(end);
    assert.equal(await ask('Nobody', { message }), 404);
    const start = await host.post('/runtime/webhooks/durabletask/orchestrators/asks', {
      agent,
      message: `${message} [refuse]`,
    });
    const { id } = (await start.json()) as { id: string };
    const failed = await eventually('the orchestration', async () => {
      const status = await host.instance(id);
      return status?.runtimeStatus === 'Failed' ? status : undefined;
    });
    replies.push(JSON.stringify(failed.output));
  }
  const telemetry = await (await fetch(`${host.url}/api/telemetry`)).text();
  for (const name of ['invoke_agent Turner', 'invoke_agent Stepper', 'execute_tool break_down', 'chat test-model'])
    assert.ok(telemetry.includes(name), name);
  const told = host.output.split('\n').filter((line) => line.includes('Cannot connect with'));
  assert.equal(told.length, 2, 'the log tells of the error of the tool, in each way to run');
  for (const line of told) assert.match(line, /"\*\*\*\\", password=\*\*\*/);
  assertNothingIn(host.output, /canary|diary/i, 'log');
  assertNothingIn(telemetry, /canary|diary/i, 'telemetry');
  assert.equal(replies.length, 14);
  for (const reply of replies) assertNothingIn(reply, /canary/i, 'error reply');
});

test('keys that open the host are in no log line and in no error reply, whether they fit or not', async (t) => {
  const { host, data } = await setUp(t, ['--auth']);
  const keys = [...readFileSync(join(data, 'keys.json'), 'utf8').matchAll(/"value":\s*"([^"]+)"/g)].map(
    ([, key]) => key!,
  );
  assert.ok(keys.length >= 3, `${keys.length} keys`);
  const replies: { status: number; text: string }[] = [];
  const ask = async (key: string, place: 'query' | 'header') => {
    const path = `/api/agents/Turner/run${place === 'query' ? `?code=${encodeURIComponent(key)}` : ''}`;
    const reply = await host.post(path, { message: '[refuse]' }, place === 'header' ? { 'x-functions-key': key } : {});
    replies.push({ status: reply.status, text: await reply.text() });
  };
  for (const key of [...keys, canary]) {
    await ask(key, 'query');
    await ask(key, 'header');
  }
  const statuses = new Set(replies.map(({ status }) => status));
  assert.deepEqual([...statuses].sort(), [401, 500]);
  for (const key of [...keys, canary]) {
    assert.ok(!host.output.includes(key), 'log');
    for (const { text } of replies) assert.ok(!text.includes(key), text);
  }
});
