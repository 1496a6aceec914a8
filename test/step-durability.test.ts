import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, HostProcess, root, temporaryFolder } from './support/host-process.ts';
import { type CompletionRequest, type ModelReply, ModelServer, textOf } from './support/model-server.ts';

const app = join(root, 'test/apps/steps');
const names = ['one', 'two', 'three'];

/** Asks for the tools one after the other, then answers. */
function inTurn(request: CompletionRequest): ModelReply {
  const last = request.messages.findLastIndex(({ role }) => role === 'user');
  const done = request.messages.slice(last + 1).filter(({ role }) => role === 'tool').length;
  const name = names[done];
  if (name !== undefined) return { calls: [{ id: `call-${request.messages.length}`, name, arguments: {} }] };
  return { text: `done: ${textOf(request.messages[last]?.content)}` };
}

async function setUp(t: TestContext, reply: ModelServer['reply'] = inTurn) {
  const model = await ModelServer.start(reply);
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const options = { app, data: join(folder, 'data'), env: { ...model.env, EFFECTS: folder } };
  const effects = () => effectsIn(folder);
  return { model, options, effects, folder };
}

test('a turn with tools that may do harm twice is answered like any other', async (t) => {
  const { model, options, effects } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  const reply = await host.run('Worker', { message: 'go', sessionId: 's' });
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  assert.equal(reply.body.response, 'done: go');
  assert.deepEqual(effects(), names);
  assert.equal(model.requests.length, 4);
  const again = await host.run('Worker', { message: 'again', sessionId: 's' });
  assert.equal(again.body.response, 'done: again');
  assert.equal(again.body.messageCount, 4);
  const said = model.requests
    .at(-1)
    ?.messages.filter(({ role }) => role === 'user')
    .map(({ content }) => content);
  assert.deepEqual(said, ['go', 'again']);
});

test('killed at each point of a turn, what finished never runs again: no model call, no tool', async (t) => {
  // The process dies while the n-th model call or tool call is under way.
  const points = [1, 2, 3, 4].map((n) => `model ${n}`).concat(['one', 'two', 'three'].map((name) => `tool ${name}`));
  await Promise.all(
    points.map(async (point) => {
      const [kind, which = ''] = point.split(' ');
      let reached: (() => void) | undefined;
      const there = new Promise<void>((resolve) => {
        reached = resolve;
      });
      let died = false;
      const model = await ModelServer.start(async (request) => {
        const reply = inTurn(request);
        if (kind === 'model' && model.requests.length === Number(which) && !died) {
          reached?.();
          await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
        }
        // The tool in question takes long, so that the process dies inside of it.
        if ('calls' in reply && kind === 'tool' && reply.calls[0]?.name === which && !died) {
          reply.calls[0].arguments = { ms: 60_000 };
        }
        return reply;
      });
      t.after(() => model.stop());
      const folder = temporaryFolder(t);
      const options = { app, data: join(folder, 'data'), env: { ...model.env, EFFECTS: folder } };
      const effects = () => effectsIn(folder);
      const first = await HostProcess.start(options);
      const sent = await first.run('Worker', { message: 'go', sessionId: 's', waitForResponse: false });
      assert.equal(sent.status, 202);
      if (kind === 'model') await there;
      else await eventually(`${point}`, async () => (effects().some((name) => name === which) ? true : undefined));
      const before = { requests: model.requests.length, effects: effects() };
      died = true;
      await first.kill();
      if (kind === 'tool') shorten(folder);
      const second = await HostProcess.start(options);
      t.after(() => second.stop());
      const session = await eventually(`the answer after ${point}`, async () => {
        const document = await second.session('Worker', 's');
        return document?.data.conversationHistory.length === 2 ? document : undefined;
      });
      const contents = session.data.conversationHistory[1]?.messages.flatMap((message) => message.contents) ?? [];
      assert.equal(contents.at(-1)?.text, 'done: go', point);
      const repeatedCalls = kind === 'model' ? 1 : 0;
      assert.equal(model.requests.length, 4 + repeatedCalls, `${point}: model calls (${before.requests} before)`);
      const repeatedTools = kind === 'tool' ? [which] : [];
      assert.deepEqual(effects().sort(), [...names, ...repeatedTools].sort(), `${point}: tools`);
    }),
  );
});

test('many messages to one session are answered one after the other, in the order of acceptance', async (t) => {
  const { model, options } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  const replies = await Promise.all(
    Array.from({ length: 16 }, (_, i) => host.run('Worker', { message: `m${i}`, sessionId: 's' })),
  );
  for (const [i, { status, body }] of replies.entries())
    assert.deepEqual([status, body.response], [200, `done: m${i}`]);
  const document = await host.session('Worker', 's');
  const kinds = document?.data.conversationHistory.map(({ $type }) => $type);
  assert.deepEqual(kinds, Array.from({ length: 16 }, () => ['request', 'response']).flat());
  assert.equal(model.requests.length, 64);
});

test('an orchestration calls such an agent too, in parallel and in one session', async (t) => {
  const { options } = await setUp(t);
  for (const args of [[], ['--strict']]) {
    const host = await HostProcess.start({ ...options, data: `${options.data}${args.length}`, args });
    t.after(() => host.stop());
    const start = await host.post('/runtime/webhooks/durabletask/orchestrators/asks', {
      agent: 'Worker',
      messages: ['a', 'b'],
    });
    const { id } = (await start.json()) as { id: string };
    const ended = await eventually('the orchestration', async () => {
      const status = await host.instance(id);
      return status?.runtimeStatus === 'Completed' || status?.runtimeStatus === 'Failed' ? status : undefined;
    });
    assert.deepEqual(ended.output, ['done: a', 'done: b'], JSON.stringify(ended));
  }
});

test('a turn whose orchestration is stopped from outside fails, and the session goes on', async (t) => {
  let hold = true;
  const { options } = await setUp(t, async (request) => {
    if (hold) await new Promise((resolve) => setTimeout(resolve, 300));
    return inTurn(request);
  });
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  await host.run('Worker', { message: 'go', sessionId: 's', waitForResponse: false });
  const list = async () =>
    (await (await fetch(`${host.url}/runtime/webhooks/durabletask/instances?instanceIdPrefix=dafx-turn`)).json()) as {
      instanceId: string;
    }[];
  const [turn] = await eventually('the turn', async () => ((await list()).length > 0 ? await list() : undefined));
  await fetch(`${host.url}/runtime/webhooks/durabletask/instances/${turn?.instanceId}/terminate?reason=x`, {
    method: 'POST',
  });
  hold = false;
  await eventually('the end', async () => {
    const status = await host.instance(String(turn?.instanceId));
    return status?.runtimeStatus === 'Terminated' ? true : undefined;
  });
  const next = await host.run('Worker', { message: 'next', sessionId: 's' });
  assert.equal(next.body.response, 'done: next');
  const history = (await host.session('Worker', 's'))?.data.conversationHistory;
  assert.equal(history?.length, 4);
  assert.match(JSON.stringify(history?.[1]), /turnInterrupted/);
});

function effectsIn(folder: string): string[] {
  const file = join(folder, 'effects.log');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
}

/** Tools of the app return at once from here on, whatever they were asked. */
function shorten(folder: string): void {
  writeFileSync(join(folder, 'no-waiting'), '');
}
