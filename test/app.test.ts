import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, HostProcess, temporaryFolder } from './support/host-process.ts';
import { ModelServer } from './support/model-server.ts';

test('with no model set, the offline stand-in answers, remembers, and says what it is', async (t) => {
  const host = await HostProcess.start({ data: temporaryFolder(t) });
  t.after(() => host.stop());
  const first = await host.run('DocumentPublisher', { message: 'Hello, I am Ada.' });
  assert.equal(first.status, 200);
  assert.match(String(first.body.response), /^\[offline model\]/);
  assert.deepEqual(first.body.metadata, { provider: 'offline', modelId: 'offline', simulated: true });
  const second = await host.run('DocumentPublisher', { message: 'Who am I?', sessionId: first.body.sessionId });
  assert.match(String(second.body.response), /Hello, I am Ada\./);
  assert.equal(second.body.messageCount, 4);
  assert.equal(second.headers.get('x-ms-session-id'), first.body.sessionId);
});

test('the offline stand-in calls the sample tool, and the call is in the answer', async (t) => {
  const host = await HostProcess.start({ data: temporaryFolder(t) });
  t.after(() => host.stop());
  const { body } = await host.run('WeatherAgent', { message: 'What is the weather in Gdańsk?' });
  const { messages } = body.agentResponse as {
    messages: { contents: { $type: string; name?: string; arguments?: unknown }[] }[];
  };
  const contents = messages.flatMap((message) => message.contents);
  const call = contents.find(({ $type }) => $type === 'functionCall');
  assert.equal(call?.name, 'get_weather');
  assert.equal((call?.arguments as { city?: string } | undefined)?.city, 'Gdańsk');
  assert.ok(contents.some(({ $type }) => $type === 'functionResult'));
});

test('a session goes on after kill -9, against an OpenAI-compatible server given by base URL', async (t) => {
  const model = await ModelServer.start();
  t.after(() => model.stop());
  const data = temporaryFolder(t);
  const before = await HostProcess.start({ data, env: model.env });
  const first = await before.run('DocumentPublisher', { message: 'alpha' });
  assert.equal(first.body.response, '1: alpha');
  assert.deepEqual(first.body.metadata, { provider: 'openai', modelId: 'test-model', simulated: false });
  await before.kill();

  const host = await HostProcess.start({ data, env: model.env });
  t.after(() => host.stop());
  const second = await host.run('DocumentPublisher', { message: 'beta', sessionId: first.body.sessionId });
  assert.equal(second.body.response, '2: alpha | beta');
  assert.equal(model.requests.length, 2);
  assert.equal(model.requests[1]?.messages[0]?.role, 'system');
});

test('a failed model call is a 500 with a code and no answer, and the session goes on', async (t) => {
  let broken = true;
  const model = await ModelServer.start((request) =>
    broken
      ? { status: 401, body: { error: { message: 'Incorrect API key', code: 'invalid_api_key' } } }
      : { text: `seen ${request.messages.filter(({ role }) => role === 'user').length}` },
  );
  t.after(() => model.stop());
  const host = await HostProcess.start({ data: temporaryFolder(t), env: model.env });
  t.after(() => host.stop());
  const failed = await host.run('DocumentPublisher', { message: 'one', sessionId: 's1' });
  assert.equal(failed.status, 500);
  assert.equal(failed.body.errorCode, 'modelUnauthorized');
  assert.equal(failed.body.sessionId, 's1');
  assert.equal('response' in failed.body, false);
  assert.equal(failed.headers.get('x-ms-session-id'), 's1');
  broken = false;
  const next = await host.run('DocumentPublisher', { message: 'two', sessionId: 's1' });
  assert.equal(next.status, 200);
  assert.equal(next.body.response, 'seen 2');
});

test('a turn that is not waited for is accepted with 202 and its answer is in the session', async (t) => {
  const host = await HostProcess.start({ data: temporaryFolder(t) });
  t.after(() => host.stop());
  const accepted = await host.run('DocumentPublisher', { message: 'later', sessionId: 's', waitForResponse: false });
  assert.equal(accepted.status, 202);
  assert.equal(accepted.body.status, 'accepted');
  const history = await eventually('the answer', async () => {
    const entries = (await host.session('DocumentPublisher', 's'))?.data.conversationHistory;
    return entries?.length === 2 ? entries : undefined;
  });
  assert.deepEqual(
    history.map(({ correlationId }) => correlationId),
    [accepted.body.correlationId, accepted.body.correlationId],
  );
});

test('sixteen clients on one session are each answered once, in the order they were accepted', async (t) => {
  const model = await ModelServer.start();
  t.after(() => model.stop());
  const host = await HostProcess.start({ data: temporaryFolder(t), env: model.env });
  t.after(() => host.stop());
  const words = Array.from({ length: 16 }, (_, i) => `word-${i}`);
  const replies = await Promise.all(
    words.map((message) => host.run('DocumentPublisher', { message, sessionId: 'shared' })),
  );
  for (const [i, word] of words.entries()) {
    assert.ok(String(replies[i]?.body.response).endsWith(word), `${word} got its own answer`);
  }
  const history = (await host.session('DocumentPublisher', 'shared'))!.data.conversationHistory;
  assert.deepEqual(
    history.map(({ $type }) => $type),
    words.flatMap(() => ['request', 'response']),
  );
  const said = history.filter(({ $type }) => $type === 'request').map((entry) => entry.messages[0]?.contents[0]?.text);
  assert.deepEqual([...said].sort(), [...words].sort());
});

test('requests that cannot be accepted get a clear error and leave nothing behind', async (t) => {
  const host = await HostProcess.start({ data: temporaryFolder(t) });
  t.after(() => host.stop());
  const cases: [body: unknown, status: number, code: string][] = [
    ['{ "message": "hi", ', 400, 'invalidJson'],
    ['', 400, 'invalidMessage'],
    [{}, 400, 'invalidMessage'],
    [{ message: '  \n ' }, 400, 'invalidMessage'],
    [{ message: 42 }, 400, 'invalidMessage'],
    [['x'], 400, 'invalidBody'],
    [{ message: 'x', role: 'system' }, 400, 'roleNotAllowed'],
    [{ message: 'x', sessionId: 'a\r\nb' }, 400, 'invalidSessionId'],
    [{ message: 'x', sessionId: 'a', session_id: 'b' }, 400, 'sessionConflict'],
  ];
  for (const [body, status, code] of cases) {
    const reply = await host.run('DocumentPublisher', body);
    assert.equal(reply.status, status, JSON.stringify(body));
    assert.equal(reply.body.errorCode, code, JSON.stringify(body));
    assert.equal(typeof reply.body.error, 'string');
  }
  const unknown = await host.run('NoSuchAgent', { message: 'x' });
  assert.deepEqual([unknown.status, unknown.body.errorCode], [404, 'agentNotFound']);
  assert.match(String(unknown.body.error), /DocumentPublisher/);
  const entities = await fetch(`${host.url}/runtime/webhooks/durabletask/entities`);
  assert.deepEqual(await entities.json(), []);
});

test('the document orchestration researches, writes and publishes once, and shows each step', async (t) => {
  const model = await ModelServer.start();
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const host = await HostProcess.start({ data: join(folder, 'data'), env: { ...model.env, PUBLISH_FOLDER: folder } });
  t.after(() => host.stop());
  assert.equal((await host.post('/api/documents', '{"topic":" "}')).status, 400);
  const started = await host.post('/api/documents', { topic: 'Bees' });
  assert.equal(started.status, 202);
  const { id, statusQueryGetUri } = (await started.json()) as { id: string; statusQueryGetUri: string };
  const ended = await eventually('the orchestration', async () => {
    const reply = await fetch(statusQueryGetUri);
    return reply.status === 200
      ? ((await reply.json()) as { runtimeStatus: string; output: { title: string } })
      : undefined;
  });
  assert.deepEqual([ended.runtimeStatus, ended.output.title], ['Completed', 'Bees']);
  const lines = readFileSync(join(folder, 'published.jsonl'), 'utf8').trim().split('\n');
  assert.equal(lines.length, 1);
  assert.equal((JSON.parse(lines[0]!) as { key: string }).key, id);
  assert.equal(model.requests.length, 2);
});

test('a failed agent fails the orchestration with the reason', async (t) => {
  const model = await ModelServer.start(() => ({ status: 401, body: { error: { message: 'no' } } }));
  t.after(() => model.stop());
  const host = await HostProcess.start({ data: temporaryFolder(t), env: model.env });
  t.after(() => host.stop());
  const { id } = (await (await host.post('/api/documents', { topic: 'Bees' })).json()) as { id: string };
  const ended = await eventually('the failure', async () => {
    const status = await host.instance(id);
    return status?.runtimeStatus === 'Failed' ? status : undefined;
  });
  assert.match(String(ended.output), /ResearchAgent/);
});

test('health names the agents and their model', async (t) => {
  const host = await HostProcess.start({ data: temporaryFolder(t) });
  t.after(() => host.stop());
  const health = (await (await fetch(`${host.url}/api/health`)).json()) as {
    status: string;
    agents: unknown[];
    agent_count: number;
  };
  assert.equal(health.status, 'healthy');
  assert.equal(health.agent_count, 3);
  assert.deepEqual(health.agents[0], {
    name: 'DocumentPublisher',
    type: 'Agent',
    http_endpoint_enabled: true,
    mcp_tool_enabled: false,
    model: { provider: 'offline', modelId: 'offline', simulated: true },
  });
});

test('the strict mode gives the same answers', async (t) => {
  const model = await ModelServer.start();
  t.after(() => model.stop());
  const host = await HostProcess.start({ data: temporaryFolder(t), env: model.env, args: ['--strict'] });
  t.after(() => host.stop());
  await host.run('DocumentPublisher', { message: 'zażółć 🧵', sessionId: 'ż' });
  const second = await host.run('DocumentPublisher', { message: 'b', sessionId: 'ż' });
  assert.equal(second.body.response, '2: zażółć 🧵 | b');
  const { id } = (await (await host.post('/api/documents', { topic: 'Bees' })).json()) as { id: string };
  await eventually('the orchestration', async () =>
    (await host.instance(id))?.runtimeStatus === 'Completed' ? true : undefined,
  );
});

test('Ctrl-C ends the host cleanly, and a taken port or data folder is one clear sentence', async (t) => {
  const data = temporaryFolder(t);
  const host = await HostProcess.start({ data });
  const port = new URL(host.url).port;
  await assert.rejects(HostProcess.start({ data: temporaryFolder(t), args: ['--port', port] }), (error: Error) => {
    assert.match(error.message, /code 1: Port \d+ .*--port/s);
    assert.doesNotMatch(error.message, /\n\s+at /);
    return true;
  });
  await assert.rejects(HostProcess.start({ data }), /in use by another local host \(process \d+\)/);
  assert.equal(await host.stop(), 0);
});
