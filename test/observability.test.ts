import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, HostProcess, root, temporaryFolder } from './support/host-process.ts';
import { type CompletionRequest, type ModelReply, ModelServer, textOf } from './support/model-server.ts';

const app = join(root, 'test/apps/observability');
const trace = { id: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };
const traced = { traceparent: `00-${trace.id}-${trace.span}-01`, tracestate: 'vendor=1' };

interface Span {
  name: string;
  attributes: Record<string, unknown>;
  status: { code: number; message?: string };
  traceId: string;
  spanId: string;
  traceState?: string;
  parentId?: string;
}
interface Metric {
  name: string;
  unit: string;
  dataPoints: { attributes: Record<string, unknown>; value: unknown }[];
}

/** Calls the tool once with what it was told, then says it back. */
function callOnce({ messages, tools = [] }: CompletionRequest): ModelReply {
  const last = messages.at(-1)!;
  if (last.role === 'tool') return { text: `found ${textOf(last.content)}` };
  const name = tools[0]?.function.name ?? 'look';
  const said = textOf(last.content);
  return { calls: [{ id: 'call-1', name, arguments: name === 'look' ? { query: said } : { message: said } }] };
}

async function setUp(t: TestContext, env: Record<string, string> = {}) {
  const model = await ModelServer.start(callOnce);
  t.after(() => model.stop());
  const host = await HostProcess.start({
    app,
    data: join(temporaryFolder(t), 'data'),
    env: { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: '', ...model.env, ...env },
  });
  t.after(() => host.stop());
  const ask = (agent: string, message: string, headers: Record<string, string> = {}) =>
    host.post(`/api/agents/${agent}/run`, { message, sessionId: 's' }, headers);
  const telemetry = async () => {
    const reply = await fetch(`${host.url}/api/telemetry`);
    return (await reply.json()) as { spans: Span[]; metrics: Metric[] };
  };
  /** The spans of an agent's turns, once `count` of the turns are told of. */
  const spansOf = (agent: string, count = 1) =>
    eventually(`${count} turns of ${agent}`, async () => {
      const { spans } = await telemetry();
      const own = spans.filter(({ attributes }) => attributes['gen_ai.agent.name'] === agent);
      return own.filter(({ name }) => name === `invoke_agent ${agent}`).length >= count ? own : undefined;
    });
  return { model, host, ask, telemetry, spansOf };
}

const only = (spans: Span[], name: string) => {
  const found = spans.filter((span) => span.name === name);
  assert.equal(found.length, 1, `${found.length} spans "${name}"`);
  return found[0]!;
};

test('turns, model calls and tool calls are spans in the trace of the request, and are measured', async (t) => {
  const { ask, spansOf, telemetry } = await setUp(t);
  for (const agent of ['Turner', 'Stepper']) {
    assert.equal((await ask(agent, 'hello', traced)).status, 200);
    const spans = await spansOf(agent);
    assert.deepEqual(
      spans.map(({ name }) => name).sort(),
      ['chat test-model', 'chat test-model', 'execute_tool look', `invoke_agent ${agent}`],
      agent,
    );
    for (const { name, traceId, traceState } of spans)
      assert.deepEqual([traceId, traceState], [trace.id, 'vendor=1'], name);
    const turn = only(spans, `invoke_agent ${agent}`);
    assert.equal(turn.parentId, trace.span, 'the turn is a child of the caller');
    // A turn in steps is written down at its end, so its steps stand beside it.
    const parent = agent === 'Turner' ? turn.spanId : trace.span;
    for (const { name, parentId } of spans.filter((span) => span !== turn)) assert.equal(parentId, parent, name);
    const { attributes } = turn;
    assert.deepEqual(
      [attributes['gen_ai.operation.name'], attributes['gen_ai.conversation.id'], attributes['gen_ai.provider.name']],
      ['invoke_agent', `@dafx-${agent.toLowerCase()}@s`, 'openai'],
    );
    assert.equal(typeof attributes['durable_agents.correlation_id'], 'string');
    assert.deepEqual(
      [attributes['gen_ai.usage.input_tokens'], attributes['gen_ai.usage.output_tokens']],
      [20, 10],
      'the tokens of both model calls',
    );
    const chat = spans.find(({ name }) => name === 'chat test-model')!.attributes;
    assert.deepEqual(
      [chat['gen_ai.operation.name'], chat['gen_ai.request.model'], chat['gen_ai.usage.input_tokens']],
      ['chat', 'test-model', 10],
    );
    const tool = only(spans, 'execute_tool look').attributes;
    assert.deepEqual([tool['gen_ai.operation.name'], tool['gen_ai.tool.name']], ['execute_tool', 'look']);
    assert.equal(typeof tool['gen_ai.tool.call.id'], 'string');
  }
  const { metrics } = await telemetry();
  const points = (name: string) => metrics.find((metric) => metric.name === name)?.dataPoints ?? [];
  const turns = points('durable_agents.turns').map(({ attributes, value }) => [
    attributes['gen_ai.agent.name'],
    attributes.outcome,
    value,
  ]);
  assert.deepEqual(turns, [
    ['Turner', 'completed', 1],
    ['Stepper', 'completed', 1],
  ]);
  const tokens = points('gen_ai.client.token.usage').map(({ attributes, value }) => [
    attributes['gen_ai.token.type'],
    (value as { sum: number }).sum,
  ]);
  assert.deepEqual(tokens, [
    ['input', 40],
    ['output', 20],
  ]);
  const counts = [
    'gen_ai.client.operation.duration',
    'gen_ai.execute_tool.duration',
    'gen_ai.invoke_agent.duration',
  ].map((name) => points(name).reduce((sum, { value }) => sum + (value as { count: number }).count, 0));
  assert.deepEqual(counts, [4, 2, 2]);
});

test('the turn of an agent that an orchestration calls is in the trace that the orchestration was given', async (t) => {
  const { host, spansOf } = await setUp(t);
  for (const agent of ['Turner', 'Stepper']) {
    await host.post('/runtime/webhooks/durabletask/orchestrators/asks', { agent, message: 'hi', traceContext: traced });
    const spans = await spansOf(agent);
    assert.equal(spans.length, 4);
    for (const { name, traceId } of spans) assert.equal(traceId, trace.id, name);
    assert.equal(only(spans, `invoke_agent ${agent}`).parentId, trace.span);
    await host.post('/runtime/webhooks/durabletask/orchestrators/asks', { agent, message: 'hi' });
    const untraced = (await spansOf(agent, 2)).filter(({ traceId }) => traceId !== trace.id);
    assert.equal(untraced.length, 4, 'without one the turn has a trace of its own');
  }
});

test('the calls of an agent that is a tool are spans within that call, and their tokens count', async (t) => {
  const { ask, spansOf, telemetry } = await setUp(t);
  assert.equal((await ask('Boss', 'hello', traced)).status, 200);
  const outer = await spansOf('Boss');
  const { spans, metrics } = await telemetry();
  const inner = spans.filter(({ attributes }) => attributes['gen_ai.agent.name'] === 'Helper');
  assert.deepEqual(inner.map(({ name }) => name).sort(), ['chat test-model', 'chat test-model', 'execute_tool look']);
  const call = only(outer, 'execute_tool ask_helper');
  for (const { name, parentId } of inner) assert.equal(parentId, call.spanId, name);
  const input = metrics
    .find(({ name }) => name === 'gen_ai.client.token.usage')
    ?.dataPoints.find(({ attributes }) => attributes['gen_ai.token.type'] === 'input');
  assert.equal((input!.value as { sum: number }).sum, 40, 'two model calls of each');
});

test('log lines of a turn name its trace, and the wait before it is measured', async (t) => {
  const { ask, host, spansOf, telemetry } = await setUp(t);
  for (const agent of ['Turner', 'Stepper']) {
    await ask(agent, 'hello', traced);
    const tool = only(await spansOf(agent), 'execute_tool look');
    const line = host.output
      .split('\n')
      .find((text) => text.includes('Looking something up.') && text.includes(tool.spanId));
    assert.match(line ?? '', new RegExp(`"trace_id":"${trace.id}"`), agent);
  }
  const { metrics } = await telemetry();
  const waits = metrics.find(({ name }) => name === 'durable_agents.turn.queue_wait')?.dataPoints;
  assert.deepEqual(
    waits?.map(({ attributes, value }) => [attributes['gen_ai.agent.name'], (value as { count: number }).count]),
    [
      ['Turner', 1],
      ['Stepper', 1],
    ],
  );
});

test('what failed is marked with its code, in the turn and in the call', async (t) => {
  const { ask, model, spansOf, telemetry } = await setUp(t);
  model.reply = () => ({ status: 400, body: { error: { message: 'no', code: 'content_filter' } } });
  for (const agent of ['Turner', 'Stepper']) {
    assert.equal((await ask(agent, 'hello')).status, 500);
    const spans = await spansOf(agent);
    for (const name of ['chat test-model', `invoke_agent ${agent}`]) {
      const { attributes, status } = only(spans, name);
      assert.deepEqual([attributes['error.type'], status.code], ['modelRefused', 2], name);
    }
  }
  const { metrics } = await telemetry();
  const turns = metrics.find(({ name }) => name === 'durable_agents.turns')?.dataPoints;
  assert.deepEqual(
    turns?.map(({ attributes }) => [attributes.outcome, attributes['error.type']]),
    [
      ['failed', 'modelRefused'],
      ['failed', 'modelRefused'],
    ],
  );
});

test('a streamed turn has the same spans, and the time until its first word', async (t) => {
  const { ask, model, spansOf, telemetry } = await setUp(t);
  model.reply = () => ({ words: ['one ', 'two ', 'three'], pauseMs: 1 });
  const reply = await ask('Turner', 'hello', { ...traced, accept: 'text/event-stream' });
  assert.match(await reply.text(), /"type":"done"/);
  const spans = await spansOf('Turner');
  assert.deepEqual(
    spans.map(({ name, traceId }) => [name, traceId]),
    [
      ['chat test-model', trace.id],
      ['invoke_agent Turner', trace.id],
    ],
  );
  const { metrics } = await telemetry();
  const first = metrics.find(({ name }) => name === 'gen_ai.client.operation.time_to_first_chunk');
  assert.deepEqual([first?.unit, (first?.dataPoints[0]?.value as { count: number } | undefined)?.count], ['s', 1]);
});

test('messages are in spans only where that is switched on, and secrets in them are masked even then', async (t) => {
  const message = 'my diary of Tuesday, and sk-proj-canary0123456789abcdef';
  const off = await setUp(t);
  const on = await setUp(t, { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' });
  for (const agent of ['Turner', 'Stepper']) {
    assert.equal((await off.ask(agent, message)).status, 200);
    assert.doesNotMatch(JSON.stringify(await off.spansOf(agent)), /diary|canary/);
    assert.equal((await on.ask(agent, message)).status, 200);
    const spans = await on.spansOf(agent);
    assert.match(String(only(spans, `invoke_agent ${agent}`).attributes['gen_ai.input.messages']), /diary/);
    assert.match(String(only(spans, `invoke_agent ${agent}`).attributes['gen_ai.output.messages']), /found.*diary/);
    assert.match(String(only(spans, 'execute_tool look').attributes['gen_ai.tool.call.arguments']), /diary/);
    assert.match(String(only(spans, 'execute_tool look').attributes['gen_ai.tool.call.result']), /diary/);
    assert.doesNotMatch(JSON.stringify(spans), /canary/);
  }
  assert.doesNotMatch(JSON.stringify((await off.telemetry()).metrics), /diary|canary/);
  assert.doesNotMatch(JSON.stringify((await on.telemetry()).metrics), /diary|canary/);
});

test('without an SDK an app answers the same and records nothing', async (t) => {
  const { ask, telemetry } = await setUp(t, { WITH_SDK: 'no' });
  for (const agent of ['Turner', 'Stepper']) {
    const reply = await ask(agent, 'hello', traced);
    assert.equal(((await reply.json()) as { response: string }).response, 'found {"found":"hello"}');
  }
  assert.deepEqual(await telemetry(), { spans: [], metrics: [] });
});
