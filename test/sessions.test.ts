import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from './support/host-process.ts';
import { echo } from './support/model-server.ts';
import { agents, lastWords, sessionCall, setUp, textsOf } from './support/session-app.ts';

const modes: [string, string[]][] = [
  ['live', []],
  ['strict', ['--strict']],
];

for (const [mode, args] of modes) {
  test(`sessions can be listed by pages, read, cleared and deleted (${mode})`, async (t) => {
    const { start, model } = await setUp(t);
    const host = await start(args);
    for (const agent of agents) {
      const names = ['a1', 'a2', 'a3', 'b1', 'zażółć 🧵'];
      await Promise.all(names.map((sessionId) => host.run(agent, { message: `hi ${sessionId}`, sessionId })));
      const seen: string[] = [];
      let continuation: string | undefined;
      let pages = 0;
      do {
        const query = `?top=2${continuation === undefined ? '' : `&continuation=${encodeURIComponent(continuation)}`}`;
        const { status, body } = await sessionCall(host, agent, query);
        assert.equal(status, 200, JSON.stringify(body));
        const sessions = body.sessions as { sessionId: string; lastUsedAt: string }[];
        assert.ok(sessions.length <= 2);
        for (const { sessionId, lastUsedAt } of sessions) {
          seen.push(sessionId);
          assert.ok(Math.abs(Date.parse(lastUsedAt) - Date.now()) < 60_000);
        }
        continuation = body.continuation as string | undefined;
        pages++;
      } while (continuation !== undefined);
      assert.deepEqual(seen.sort(), names);
      assert.ok(pages >= 3);
      const some = await sessionCall(host, agent, '?prefix=a');
      assert.deepEqual(
        (some.body.sessions as { sessionId: string }[]).map(({ sessionId }) => sessionId),
        ['a1', 'a2', 'a3'],
      );

      const unicode = `/${encodeURIComponent('zażółć 🧵')}`;
      const read = await sessionCall(host, agent, unicode);
      assert.deepEqual(
        [read.status, read.body.status, read.body.messageCount, read.body.sessionId],
        [200, 'idle', 2, 'zażółć 🧵'],
      );
      assert.deepEqual(textsOf(read), ['hi zażółć 🧵', '1: hi zażółć 🧵']);
      assert.deepEqual(textsOf(await sessionCall(host, agent, `${unicode}?messages=1`)), ['1: hi zażółć 🧵']);
      assert.ok(Number(read.body.stateBytes) > 200);
      assert.ok(Date.parse(String(read.body.expiresAt)) > Date.now() + 13 * 86_400_000);

      assert.equal((await sessionCall(host, agent, '/a1/reset', 'POST')).body.status, 'reset');
      assert.deepEqual(textsOf(await sessionCall(host, agent, '/a1')), []);
      assert.equal((await host.run(agent, { message: 'anew', sessionId: 'a1' })).body.response, '1: anew');

      assert.deepEqual((await sessionCall(host, agent, '/a2', 'DELETE')).body.status, 'deleted');
      for (const path of ['/a2', '/never', '/a2/runs/x']) {
        assert.equal((await sessionCall(host, agent, path)).status, 404, path);
      }
      assert.equal((await sessionCall(host, agent, '/a2', 'DELETE')).status, 404);
      const left = await sessionCall(host, agent, '?prefix=a');
      assert.deepEqual(
        (left.body.sessions as { sessionId: string }[]).map(({ sessionId }) => sessionId),
        ['a1', 'a3'],
      );
      assert.equal((await host.run(agent, { message: 'again', sessionId: 'a2' })).body.response, '1: again');
      for (const path of ['/a%40b', '?top=0', '?top=x', '/a1?messages=-1']) {
        assert.equal((await sessionCall(host, agent, path)).status, 400, path);
      }
    }
    assert.equal(model.requests.length, 14);
  });

  test(`a run that is not waited for can be fetched while it waits, runs, and when it has ended (${mode})`, async (t) => {
    const { start, model } = await setUp(t);
    const host = await start(args);
    for (const agent of agents) {
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      model.reply = async (request) => {
        await held;
        return lastWords(request) === 'fail' ? { status: 400, body: { error: { message: 'no' } } } : echo(request);
      };
      const send = async (message: string) => {
        const { status, body } = await host.run(agent, { message, sessionId: 'r', waitForResponse: false });
        assert.equal(status, 202);
        return `/r/runs/${String(body.correlationId)}`;
      };
      const [first, second] = [await send('one'), await send('fail')];
      const before = model.requests.length;
      await eventually('the model call', async () => (model.requests.length >= before ? true : undefined));
      for (const path of [first, second]) {
        const early = await sessionCall(host, agent, path);
        assert.equal(early.status, 202, JSON.stringify(early.body));
        assert.equal(early.headers.get('retry-after'), '1');
      }
      const running = await eventually('the running turn', async () => {
        const { body } = await sessionCall(host, agent, first);
        return body.status === 'running' ? body : undefined;
      });
      assert.equal(running.sessionId, 'r');
      if (agent === 'Stepper') assert.equal((await sessionCall(host, agent, second)).body.status, 'queued');
      assert.equal((await sessionCall(host, agent, '/r/runs/0000')).status, 404);
      release();
      const ended = (path: string) =>
        eventually('the end', async () => {
          const reply = await sessionCall(host, agent, path);
          return reply.status === 202 ? undefined : reply;
        });
      const [answer, failure] = [await ended(first), await ended(second)];
      assert.deepEqual(
        [answer.status, answer.body.response, answer.body.message, answer.body.status],
        [200, '1: one', 'one', 'success'],
      );
      assert.deepEqual([failure.status, failure.body.errorCode], [500, 'modelBadRequest']);
    }
  });

  test(`a session is deleted when its time is over, and every message moves that time (${mode})`, async (t) => {
    const { start } = await setUp(t, { ttlMs: 1_500, minCheckDelayMs: 50 });
    const host = await start(args);
    await Promise.all(
      agents.map(async (agent) => {
        const expiresAt = async () => Date.parse(String((await sessionCall(host, agent, '/s')).body.expiresAt));
        await host.run(agent, { message: 'one', sessionId: 's' });
        const first = await expiresAt();
        await pause(700);
        assert.equal((await host.run(agent, { message: 'two', sessionId: 's' })).body.response, '2: one | two');
        const second = await expiresAt();
        assert.ok(second >= first + 700);
        await until(first + 100);
        assert.equal((await host.session(agent, 's'))?.data.conversationHistory.length, 4, 'its first time is over');
        await eventually('the end of the session', async () =>
          (await host.session(agent, 's')) === undefined ? true : undefined,
        );
        assert.ok(Date.now() >= second, 'late perhaps, but never early');
        assert.equal((await sessionCall(host, agent, '/s')).status, 404);
        assert.equal((await host.run(agent, { message: 'three', sessionId: 's' })).body.response, '1: three');
      }),
    );
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const until = (time: number) => pause(Math.max(0, time - Date.now()));

test('a message after the deadline and before the deletion begins a fresh conversation', async (t) => {
  const { start } = await setUp(t, { ttlMs: 300, minCheckDelayMs: 3_000 });
  const host = await start();
  for (const agent of agents) {
    await host.run(agent, { message: 'one', sessionId: 's' });
    await pause(350);
    assert.notEqual(await host.session(agent, 's'), undefined, 'the check is not due');
    assert.equal((await host.run(agent, { message: 'two', sessionId: 's' })).body.response, '1: two');
    assert.equal((await host.session(agent, 's'))?.data.conversationHistory.length, 2);
  }
});

test('nothing is deleted while a turn runs, or is parked for approval', async (t) => {
  const { start, model } = await setUp(t, { ttlMs: 400, minCheckDelayMs: 50 }, async (request) => {
    if (lastWords(request) === 'slow') await pause(1_500);
    const results = request.messages.slice(request.messages.findLastIndex(({ role }) => role === 'user'));
    if (lastWords(request) === 'ask' && results.length === 1) {
      return { calls: [{ id: 'c1', name: 'ask', arguments: {} }] };
    }
    return echo(request);
  });
  const host = await start();
  for (const agent of agents) {
    await host.run(agent, { message: 'one', sessionId: 's' });
    const slow = await host.run(agent, { message: 'slow', sessionId: 's' });
    assert.equal(slow.body.response, '2: one | slow', agent);
    assert.equal((await host.session(agent, 's'))?.data.conversationHistory.length, 4);
  }
  const parked = await host.run('Stepper', { message: 'ask', sessionId: 'p' });
  assert.equal(parked.body.status, 'waitingForApproval', JSON.stringify(parked.body));
  await pause(1_500);
  assert.equal((await sessionCall(host, 'Stepper', '/p')).body.status, 'waitingForApproval');
  const path = '/api/agents/Stepper/sessions/p/approvals/c1';
  assert.equal((await host.post(path, { approved: true })).status, 200);
  const run = `/p/runs/${String(parked.body.correlationId)}`;
  await eventually('the answer', async () =>
    (await sessionCall(host, 'Stepper', run)).body.response === '1: ask' ? true : undefined,
  );
  await eventually('the end of the session', async () =>
    (await host.session('Stepper', 'p')) === undefined ? true : undefined,
  );
  assert.equal(model.requests.length, 6);
});

test('the wait for the end of a session outlives the process', async (t) => {
  const { start, startToKill, folder } = await setUp(t, { ttlMs: 1_000, minCheckDelayMs: 50 });
  const data = join(folder, 'kept');
  const first = await startToKill(data);
  for (const agent of agents) {
    for (const sessionId of ['early', 'late']) await first.run(agent, { message: 'one', sessionId });
  }
  await first.kill();
  const second = await start([], data);
  await Promise.all(
    agents.map(async (agent) => {
      const answer = await second.run(agent, { message: 'two', sessionId: 'late' });
      assert.match(String(answer.body.response), /^(2: one \| two|1: two)$/, 'the old conversation or a fresh one');
      for (const session of ['early', 'late']) {
        await eventually(`the end of ${session}`, async () =>
          (await second.session(agent, session)) === undefined ? true : undefined,
        );
      }
    }),
  );
});
