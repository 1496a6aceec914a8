import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
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
  const effects = () => {
    const file = join(folder, 'effects.log');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };
  return { model, options, effects, folder };
}

test('a turn with tools that may do harm twice is answered like any other', async (t) => {
  const { model, options, effects } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  const reply = await host.run('Worker', { message: 'go', sessionId: 's' });
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  assert.equal(reply.body.response, 'done: go');
  assert.deepEqual(
    effects().map((line) => line.split(' ')[0]),
    names,
  );
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
