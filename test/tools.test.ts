import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, HostProcess, root, temporaryFolder } from './support/host-process.ts';
import { type CompletionRequest, type ModelReply, ModelServer, textOf } from './support/model-server.ts';

const app = join(root, 'test/apps/tools');
const mcpServer = join(root, 'packages/durable-agents/test/mcp/stdio-server.ts');

/** Makes the calls that a user's message is the JSON of, then answers with their results. */
function obey({ messages }: CompletionRequest): ModelReply {
  const last = messages.at(-1)!;
  if (last.role === 'tool') return { text: textOf(last.content) };
  const [name, args = {}] = JSON.parse(textOf(last.content)) as [string, object?];
  return { calls: [{ id: `call-${messages.length}`, name, arguments: args }] };
}

async function setUp(t: TestContext) {
  const model = await ModelServer.start(obey);
  t.after(() => model.stop());
  const options = { app, data: join(temporaryFolder(t), 'data'), env: { ...model.env, MCP_SERVER: mcpServer } };
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  const ask = async (agent: string, call: unknown, sessionId = 's') => {
    const reply = await host.post(
      `/api/agents/${agent}/run`,
      { message: JSON.stringify(call), sessionId },
      { 'x-ms-client-principal-name': 'ann' },
    );
    return { status: reply.status, body: (await reply.json()) as Record<string, never> & { response: string } };
  };
  return { ask, host, model };
}

for (const agent of ['Publisher', 'StepPublisher']) {
  test(`a tool of ${agent} starts an orchestration for its caller, approves in it and sees it completed`, async (t) => {
    const { ask } = await setUp(t);
    const started = await ask(agent, ['start', { topic: 'tea' }]);
    assert.equal(started.status, 200, JSON.stringify(started.body));
    const { id } = JSON.parse(started.body.response) as { id: string };
    assert.match((await ask(agent, ['status', { id }])).body.response, /"Running"|"Pending"/);
    assert.equal((await ask(agent, ['status', { id: 'nope' }])).body.response, 'unknown');
    assert.equal((await ask(agent, ['approve', { id }])).status, 200);
    const status = await eventually('the end of the orchestration', async () => {
      const { body } = await ask(agent, ['status', { id }]);
      return body.response.includes('Completed') ? body.response : undefined;
    });
    assert.match(status, /Published: tea, for ann/);
  });
}

test('tools of an MCP server are called step by step, one of them after approval', async (t) => {
  const { ask, host } = await setUp(t);
  const first = await ask('Guide', ['forecast_get', { city: 'Oslo' }]);
  assert.equal(first.body.response, 'Sun in Oslo for 1 day(s).', JSON.stringify(first.body));
  const waiting = await ask('Guide', ['pid']);
  assert.equal(waiting.status, 202, JSON.stringify(waiting.body));
  const [approval] = waiting.body.pendingApprovals as unknown as { callId: string }[];
  const path = `/api/agents/Guide/sessions/s/approvals/${approval?.callId}`;
  assert.equal((await host.post(path, { approved: true })).status, 200);
  const next = await ask('Guide', ['forecast_get', { city: 'Rome' }]);
  assert.equal(next.body.response, 'Sun in Rome for 1 day(s).');
  const document = JSON.stringify(await host.session('Guide', 's'));
  assert.match(document, /"result":"\d+"/);
});

test('an agent as a tool uses its own MCP tools inside the call', async (t) => {
  const { ask } = await setUp(t);
  const inner = JSON.stringify(['forecast_get', { city: 'Bern' }]);
  assert.equal((await ask('Host', ['expert', { message: inner }])).body.response, 'Sun in Bern for 1 day(s).');
});

for (const agent of ['Lost', 'LostInTurn']) {
  test(`a run of ${agent}, whose server cannot be reached, fails without a model call, and the session goes on`, async (t) => {
    const { ask, model } = await setUp(t);
    const { status, body } = await ask(agent, ['forecast_get']);
    assert.ok(status >= 500, String(status));
    assert.match(JSON.stringify(body), /toolSourceUnavailable/);
    assert.equal(model.requests.length, 0);
    assert.ok((await ask(agent, ['forecast_get'])).status >= 500);
  });
}
