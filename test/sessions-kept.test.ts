import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { eventually, type HostProcess } from './support/host-process.ts';
import { type CompletionRequest, type ModelReply, textOf } from './support/model-server.ts';
import { agents, lastWords, sessionCall, setUp, textsOf } from './support/session-app.ts';

/** A run with an idempotency key: the same key is the same turn. */
async function keyed(host: HostProcess, agent: string, message: string, key: string) {
  const reply = await host.post(`/api/agents/${agent}/run`, { message, sessionId: 's' }, { 'idempotency-key': key });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

const userTexts = ({ messages }: CompletionRequest) =>
  messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));

test('a session keeps the last exchanges that it is told to, and its model sees as many as it is told to', async (t) => {
  const { start, model } = await setUp(t, { retention: 'keepLast', keep: 4, context: 2 });
  const host = await start();
  for (const agent of agents) {
    for (let i = 0; i < 7; i++) await host.run(agent, { message: `m${i}`, sessionId: 's' });
    assert.deepEqual(userTexts(model.requests.at(-1)!), ['m4', 'm5', 'm6']);
    assert.equal((await host.session(agent, 's'))?.data.conversationHistory.length, 8);
  }
});

test('a session with a small limit goes on for a hundred turns, and the turns that it let go are not run again', async (t) => {
  const answer = 'x'.repeat(1_500);
  const { start, model } = await setUp(t, { maxStateBytes: 65_536 }, () => ({ text: answer }));
  for (const [agent, args] of [
    ['Talker', []],
    ['Talker', ['--strict']],
    ['Stepper', []],
  ] as const) {
    const host = await start([...args]);
    const sizes: number[] = [];
    for (let i = 0; i < 100; i++) {
      const { status, body } = await keyed(host, agent, `message ${i}`, `key-${i}`);
      assert.equal(status, 200, JSON.stringify(body));
      if (i % 10 === 9) sizes.push(Number((await sessionCall(host, agent, '/s?messages=1')).body.stateBytes));
    }
    assert.ok(Math.max(...sizes) < 65_536, String(sizes));
    const seen = userTexts(model.requests.at(-1)!);
    assert.equal(seen.at(-1), 'message 99');
    assert.equal(seen.at(-2), 'message 98');
    assert.ok(seen.length > 10 && seen.length < 40, String(seen.length));
    const calls = model.requests.length;
    const old = await keyed(host, agent, 'message 0', 'key-0');
    assert.deepEqual([old.status, old.body.status, old.body.outcome], [410, 'completedResultUnavailable', 'succeeded']);
    const fetched = await sessionCall(host, agent, `/s/runs/${String(old.body.correlationId)}`);
    assert.deepEqual([fetched.status, fetched.body.outcome], [410, 'succeeded']);
    assert.equal((await keyed(host, agent, 'message 98', 'key-98')).body.response, answer);
    assert.equal(model.requests.length, calls, 'no model was called');
  }
});

test('a session that keeps everything says when it is full, before a model is asked, and can be cleared', async (t) => {
  const { start, model } = await setUp(t, { retention: 'keepAll', maxStateBytes: 65_536 }, () => ({
    text: 'y'.repeat(10_000),
  }));
  const host = await start();
  for (const agent of agents) {
    let last = await host.run(agent, { message: 'hello', sessionId: 's' });
    for (let i = 0; i < 10 && last.status === 200; i++)
      last = await host.run(agent, { message: 'hello', sessionId: 's' });
    assert.deepEqual([last.status, last.body.errorCode], [500, 'stateTooLarge']);
    const { details } = last.body.error as { details: { stateBytes: number; maxStateBytes: number } };
    assert.equal(details.maxStateBytes, 65_536);
    const before = model.requests.length;
    const refused = await host.run(agent, { message: 'z'.repeat(20_000), sessionId: 's' });
    assert.deepEqual([refused.status, refused.body.errorCode], [500, 'stateTooLarge']);
    assert.equal(model.requests.length, before);
    const { body } = await sessionCall(host, agent, '/s');
    assert.ok(Number(body.stateBytes) < 65_536);
    assert.equal((await sessionCall(host, agent, '/s/reset', 'POST')).status, 200);
    assert.equal((await host.run(agent, { message: 'hello', sessionId: 's' })).status, 200);
  }
});

test('a turn whose answer is too large fails, and what its tools did is known to the next one', async (t) => {
  const reply = (request: CompletionRequest): ModelReply => {
    const results = request.messages.filter(({ role }) => role === 'tool');
    if (lastWords(request) === 'next') return { text: results.map(({ content }) => textOf(content)).join() };
    if (results.length > 0) return { text: 'z'.repeat(100_000) };
    return { calls: [{ id: 'c1', name: 'note', arguments: { text: 'once', long: 3_000 } }] };
  };
  const { start, folder } = await setUp(t, { maxStateBytes: 65_536 }, reply);
  const host = await start();
  for (const agent of agents) {
    const failed = await keyed(host, agent, 'go', 'k');
    assert.deepEqual([failed.status, failed.body.errorCode], [500, 'stateTooLarge']);
    assert.deepEqual((await keyed(host, agent, 'go', 'k')).body.error, failed.body.error, 'and is not run again');
    const next = await host.run(agent, { message: 'next', sessionId: 's' });
    assert.match(String(next.body.response), /noted.*once/);
  }
  assert.equal(readFileSync(join(folder, 'notes.log'), 'utf8'), 'once\n'.repeat(agents.length));
});

test('a conversation kept outside is whole for model and caller, and the session stays small', async (t) => {
  const { start, folder, model } = await setUp(t, { history: {} });
  const host = await start();
  const rows = () => {
    const db = new DatabaseSync(join(folder, 'history.db'), { readOnly: true });
    try {
      return db.prepare('SELECT session, sequence FROM agent_turns ORDER BY session, sequence').all();
    } finally {
      db.close();
    }
  };
  for (const agent of agents) {
    const first = await keyed(host, agent, 'm0', 'k0');
    for (let i = 1; i < 12; i++) await host.run(agent, { message: `m${i}`, sessionId: 's' });
    assert.equal(userTexts(model.requests.at(-1)!).length, 12);
    assert.equal((await host.session(agent, 's'))?.data.conversationHistory.length, 4);
    const read = await sessionCall(host, agent, '/s');
    assert.deepEqual(textsOf(read).slice(0, 2), ['m0', '1: m0']);
    assert.equal(read.body.messageCount, 24);
    const fetched = await sessionCall(host, agent, `/s/runs/${String(first.body.correlationId)}`);
    assert.deepEqual([fetched.status, fetched.body.response, fetched.body.message], [200, '1: m0', 'm0']);
    const calls = model.requests.length;
    assert.equal((await keyed(host, agent, 'm0', 'k0')).body.response, '1: m0');
    assert.equal((await keyed(host, agent, 'other', 'k0')).status, 409);
    assert.equal(model.requests.length, calls);
    assert.equal(rows().length, 12);
    assert.equal((await sessionCall(host, agent, '/s', 'DELETE')).status, 200);
    assert.deepEqual(rows(), []);
  }
});

test('killed between the write to the store and its own commit, a turn is there once and counts once', async (t) => {
  const { start, startToKill, folder, model } = await setUp(t, { history: {} });
  const hold = join(folder, 'hold');
  const appended = join(folder, 'appended.log');
  for (const agent of agents) {
    model.requests.length = 0;
    const data = join(folder, agent);
    const first = await startToKill(data);
    await first.run(agent, { message: 'one', sessionId: 's' });
    rmSync(appended);
    writeFileSync(hold, '');
    const sent = await first.run(agent, { message: 'two', sessionId: 's', waitForResponse: false });
    await eventually('the write to the store', async () => (existsSync(appended) ? true : undefined));
    await first.kill();
    rmSync(hold);
    const second = await start([], data);
    const run = `/s/runs/${String(sent.body.correlationId)}`;
    const answered = await eventually('the answer', async () => {
      const reply = await sessionCall(second, agent, run);
      return reply.status === 200 ? reply : undefined;
    });
    assert.equal(answered.body.response, '2: one | two');
    assert.equal(model.requests.length, agent === 'Talker' ? 3 : 2, 'a turn in steps calls no model again');
    assert.equal((await second.run(agent, { message: 'three', sessionId: 's' })).body.response, '3: one | two | three');
    assert.deepEqual(
      textsOf(await sessionCall(second, agent, '/s')).filter((text) => !text.includes(':')),
      ['one', 'two', 'three'],
    );
  }
});

test('sessions of schema 2 keep receipts, give up results when their time is over, and are not deleted by time', async (t) => {
  const { start, model } = await setUp(t, {
    schemaVersion: '2.0.0',
    resultRetentionMs: 300,
    ttlMs: 200,
    minCheckDelayMs: 50,
  });
  const host = await start();
  for (const agent of agents) {
    const first = await keyed(host, agent, 'one', 'k1');
    assert.equal(first.status, 200, JSON.stringify(first.body));
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.equal((await keyed(host, agent, 'two', 'k2')).body.response, '2: one | two', agent);
    const document = await host.session(agent, 's');
    assert.equal(document?.schemaVersion, '2.0.0');
    const data = document?.data as unknown as Record<string, object>;
    assert.equal(Object.keys(data.completionReceipts ?? {}).length, 2);
    assert.equal(Object.keys(data.terminalResults ?? {}).length, 1);
    const calls = model.requests.length;
    const again = await keyed(host, agent, 'one', 'k1');
    assert.deepEqual([again.status, again.body.outcome], [410, 'succeeded']);
    assert.equal((await sessionCall(host, agent, `/s/runs/${String(first.body.correlationId)}`)).status, 410);
    assert.equal(model.requests.length, calls);
  }
});
