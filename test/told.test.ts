import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SqliteStreamStore, type TurnKey } from 'durable-agents';
import { eventually, HostProcess, root, temporaryFolder } from './support/host-process.ts';
import { ModelServer } from './support/model-server.ts';
import { readEvents } from './support/read-events.ts';

async function setUp(t: TestContext) {
  let answers = 0;
  const model = await ModelServer.start(() => ({ words: ['answer ', `${++answers}`], pauseMs: 1 }));
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const start = async () => {
    const env = { ...model.env, FOLDER: folder };
    const host = await HostProcess.start({ app: join(root, 'test/apps/told'), data: join(folder, 'data'), env });
    t.after(() => host.stop());
    return host;
  };
  const mark = (name: string) => writeFileSync(join(folder, name), '');
  const unmark = (name: string) => rmSync(join(folder, name));
  const marked = (name: string) =>
    eventually(`the mark "${name}"`, async () => existsSync(join(folder, name)) || undefined);
  const heard = (lines: number) =>
    eventually(`${lines} answers in the handler`, async () => {
      if (!existsSync(join(folder, 'heard'))) return undefined;
      const all = readFileSync(join(folder, 'heard'), 'utf8').trim().split('\n');
      return all.length >= lines ? all : undefined;
    });
  return { model, folder, start, mark, unmark, marked, heard };
}

/** What a store has of a turn's events. */
async function stored(path: string, key: TurnKey): Promise<string[]> {
  const store = new SqliteStreamStore({ path });
  const types: string[] = [];
  const signal = AbortSignal.timeout(300);
  for await (const { event } of store.read(key, undefined, signal)) types.push(event.type);
  await store.close();
  return types;
}

const asks = { message: 'Hi', sessionId: 's' };
const streamed = { accept: 'text/event-stream' };

for (const agent of ['Talker', 'Stepper']) {
  test(`nobody is told of an end that a crash takes back (${agent})`, async (t) => {
    const { folder, start, mark, unmark, marked, heard, model } = await setUp(t);
    mark('hold');
    const first = await start();
    const reply = await first.post(`/api/agents/${agent}/run`, asks, streamed);
    const correlationId = String(reply.headers.get('x-ms-correlation-id'));
    const before = await readEvents(reply, (events) => events.some(({ data }) => data.text === '1'));
    await marked('held');
    const key = { sessionId: `@dafx-${agent.toLowerCase()}@s`, correlationId } as TurnKey;
    const types = await stored(join(folder, 'streams.db'), key);
    assert.ok(types.includes('textDelta') && !types.includes('done'), `the answer is known, not its end: ${types}`);
    assert.equal(existsSync(join(folder, 'heard')), false, 'the handler has not heard of it');
    await first.kill();
    unmark('hold');

    const second = await start();
    const url = `${second.url}/api/agents/${agent}/sessions/s/runs/${correlationId}/stream`;
    const after = await readEvents(await fetch(url, { headers: { 'last-event-id': String(before.at(-1)?.id) } }));
    const recorded = (await second.session(agent, 's'))?.data.conversationHistory.at(-1)?.messages.at(-1)?.contents;
    const { type, outcome, text } = after.at(-1)?.data ?? {};
    assert.deepEqual([type, outcome, text], ['done', 'completed', recorded?.[0]?.text]);
    assert.deepEqual(await heard(1), [`Hi ${text} ${correlationId}`]);
    // A step that was recorded is not repeated; a turn that was not is.
    assert.equal(model.requests.length, agent === 'Stepper' ? 1 : 2);
  });

  test(`an answer on disk is told although the process dies before it could be (${agent})`, async (t) => {
    const { start, mark, heard, model } = await setUp(t);
    mark('die');
    const first = await start();
    const reply = await first.post(`/api/agents/${agent}/run`, asks, streamed);
    const correlationId = String(reply.headers.get('x-ms-correlation-id'));
    // Dies within the handler's first call.
    await readEvents(reply).catch(() => []);
    await heard(1);
    const second = await start();
    const lines = await heard(2);
    assert.deepEqual(lines, [`Hi answer 1 ${correlationId}`, `Hi answer 1 ${correlationId}`]);
    const url = `${second.url}/api/agents/${agent}/sessions/s/runs/${correlationId}/stream`;
    const events = await readEvents(await fetch(url));
    assert.deepEqual([events.at(-1)?.data.type, events.at(-1)?.data.text], ['done', 'answer 1']);
    assert.equal(model.requests.length, 1);
  });
}
