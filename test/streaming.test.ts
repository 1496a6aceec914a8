import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HostProcess, root, temporaryFolder } from './support/host-process.ts';
import { ModelServer } from './support/model-server.ts';
import { type StreamEvent as Event, readEvents as read } from './support/read-events.ts';

const app = join(root, 'test/apps/steps');

async function setUp(t: TestContext, words: string[]) {
  const model = await ModelServer.start(() => ({ words, pauseMs: 10 }));
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const host = await HostProcess.start({ app, data: join(folder, 'd'), env: { ...model.env, EFFECTS: folder } });
  t.after(() => host.stop());
  const stream = (agent: string, message: string, sessionId: string) =>
    host.post(`/api/agents/${agent}/run`, { message, sessionId }, { accept: 'text/event-stream' });
  return { host, model, stream };
}

const textOf = (events: Event[]) =>
  events
    .filter(({ data }) => data.type === 'textDelta')
    .map(({ data }) => data.text)
    .join('');
const words = Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? `żółć🧵${i} ` : `word${i} `));

for (const agent of ['Talker', 'Worker']) {
  test(`a run that accepts an event stream is streamed word by word and ends with its outcome (${agent})`, async (t) => {
    const { host, stream } = await setUp(t, words);
    const reply = await stream(agent, 'tell me', 's');
    assert.equal(reply.status, 200);
    const events = await read(reply);
    assert.equal(textOf(events), words.join(''));
    assert.ok(events.filter(({ data }) => data.type === 'textDelta').length > 3, 'it came in pieces');
    const last = events.at(-1);
    assert.deepEqual([last?.data.type, last?.data.outcome], ['done', 'completed']);
    const session = await host.session(agent, 's');
    const contents = session?.data.conversationHistory[1]?.messages.at(-1)?.contents;
    assert.equal(contents?.[0]?.text, words.join(''));
  });

  test(`a client that leaves finds the turn done; coming back gives it the rest, nothing twice (${agent})`, async (t) => {
    const { host, stream } = await setUp(t, words);
    const reply = await stream(agent, 'tell me', 's');
    const correlationId = reply.headers.get('x-ms-correlation-id');
    const first = await read(reply, (events) => events.filter(({ data }) => data.type === 'textDelta').length >= 2);
    const cursor = first.findLast(({ data }) => data.type === 'textDelta');
    const seen = first.slice(0, first.indexOf(cursor!) + 1);
    const url = `${host.url}/api/agents/${agent}/sessions/s/runs/${correlationId}/stream`;
    const again = await read(await fetch(url, { headers: { 'last-event-id': String(cursor?.id) } }));
    assert.equal(textOf(seen) + textOf(again), words.join(''));
    assert.equal(again.at(-1)?.data.type, 'done');
    const whole = await read(await fetch(url));
    assert.equal(textOf(whole), words.join(''), 'from the beginning');
    const result = await fetch(`${host.url}/api/agents/${agent}/sessions/s/runs/${correlationId}`);
    assert.equal(((await result.json()) as { response: string }).response, words.join(''));
    assert.equal((await fetch(url.replace(String(correlationId), 'unknown'))).status, 404);
  });
}

test('a refused request is refused in the ordinary way', async (t) => {
  const { stream } = await setUp(t, words);
  const reply = await stream('Talker', '  ', 's');
  assert.equal(reply.status, 400);
  assert.equal(((await reply.json()) as { errorCode: string }).errorCode, 'invalidMessage');
});
