import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { checksum } from '../packages/local-host/src/store/checksum.ts';
import { eventually, type HostProcess } from './support/host-process.ts';
import { agents, sessionCall, setUp } from './support/session-app.ts';

/** Writes a text over the stored state of a session, on disk. */
function overwrite(data: string, agent: string, key: string, state: string, isSound: boolean): void {
  const db = new DatabaseSync(join(data, 'state.db'));
  try {
    const id = `@dafx-${agent.toLowerCase()}@${key}`;
    const row = db.prepare('SELECT last_operation_at AS at, lock FROM entities WHERE id = ?').get(id) as {
      at: number;
      lock: string | null;
    };
    assert.notEqual(row, undefined, `${id} is stored`);
    const sum = checksum(id, row.at, 1, state, row.lock);
    db.prepare('UPDATE entities SET state = ?, checksum = ? WHERE id = ?').run(state, isSound ? sum : sum + 1, id);
  } finally {
    db.close();
  }
}

test('a session whose state is damaged says so at once, is left as it is, and can be given up; others go on', async (t) => {
  const { startToKill, start, folder, model } = await setUp(t);
  const data = join(folder, 'kept');
  const first = await startToKill(data);
  const damages: [string, string, boolean][] = [
    ['cut', '{"schemaVersion":"1.1.0","data":{"conversationHis', true],
    ['empty', '{}', true],
    ['newer', '{"schemaVersion":"3.0.0","data":{}}', true],
    ['shape', '{"schemaVersion":"1.1.0","data":{"conversationHistory":{}}}', true],
    ['bits', '{"schemaVersion":"1.1.0","data":{"conversationHistory":[]}}', false],
  ];
  for (const agent of agents) {
    for (const sessionId of ['sound', ...damages.map(([name]) => name)]) {
      await first.run(agent, { message: 'one', sessionId });
    }
  }
  await first.stop();
  for (const agent of agents) {
    for (const [name, state, isSound] of damages) overwrite(data, agent, name, state, isSound);
  }
  model.requests.length = 0;
  const host = await start([], data);
  for (const agent of agents) {
    assert.equal((await host.run(agent, { message: 'two', sessionId: 'sound' })).body.response, '2: one | two');
    for (const [name] of damages.filter(([, , isSound]) => isSound)) {
      const code = name === 'newer' ? 'stateVersionUnsupported' : 'invalidState';
      const run = await host.run(agent, { message: 'two', sessionId: name });
      assert.deepEqual([run.status, run.body.errorCode, run.body.sessionId], [500, code, name]);
      const read = await sessionCall(host, agent, `/${name}`);
      assert.deepEqual([read.status, read.body.errorCode, read.body.sessionId], [500, code, name]);
      const reset = await sessionCall(host, agent, `/${name}/reset`, 'POST');
      if (name === 'newer') {
        assert.deepEqual([reset.status, reset.body.errorCode], [500, code], 'what a newer version wrote is left alone');
        assert.equal((await host.session(agent, name))?.schemaVersion, '3.0.0');
        assert.equal((await sessionCall(host, agent, `/${name}`, 'DELETE')).status, 200);
      } else assert.equal(reset.status, 200, JSON.stringify(reset.body));
      assert.equal((await host.run(agent, { message: 'again', sessionId: name })).body.response, '1: again');
    }
    // What the store itself finds damaged is kept for whoever repairs it, with the messages that come.
    assert.equal((await host.run(agent, { message: 'two', sessionId: 'bits', waitForResponse: false })).status, 202);
    for (const method of ['GET', 'DELETE'] as const) {
      const refused = await sessionCall(host, agent, '/bits', method);
      assert.deepEqual(
        [refused.status, refused.body.errorCode, refused.body.sessionId],
        [503, 'runtimeUnavailable', 'bits'],
      );
    }
    const id = `@dafx-${agent.toLowerCase()}@bits`;
    await eventually('the line in the log', async () =>
      host.output.includes(`Entity ${id} is left as it is`) ? true : undefined,
    );
    assert.equal((await host.run(agent, { message: 'three', sessionId: 'sound' })).status, 200);
  }
  assert.equal(model.requests.length, 2 * agents.length * 3);
});

test('turns whose conversation is gone from the store end at once, and so does every one until it is back', async (t) => {
  const { start, folder } = await setUp(t, { history: {} });
  const host = await start();
  for (const agent of agents) {
    for (const message of ['one', 'two', 'three']) await host.run(agent, { message, sessionId: 's' });
    const db = new DatabaseSync(join(folder, 'history.db'));
    const [row] = db.prepare('SELECT * FROM agent_turns WHERE sequence = 0 AND session LIKE ?').all(`%${agent}%`);
    db.prepare('DELETE FROM agent_turns WHERE sequence = 0').run();
    for (let i = 0; i < 12; i++) {
      const { status, body } = await host.run(agent, { message: 'four', sessionId: 's' });
      assert.deepEqual([status, body.errorCode], [500, 'historyMissing']);
    }
    assert.ok((await host.session(agent, 's'))!.data.conversationHistory.length < 30);
    db.prepare('INSERT INTO agent_turns (session, sequence, turn) VALUES (?, ?, ?)').run(
      row?.session as string,
      0,
      row?.turn as string,
    );
    db.close();
    const next = await host.run(agent, { message: 'five', sessionId: 's' });
    assert.equal(next.body.response, '4: one | two | three | five');
  }
});

const instances = async (host: HostProcess, prefix: string) => {
  const reply = await fetch(`${host.url}/runtime/webhooks/durabletask/instances?instanceIdPrefix=${prefix}`);
  return (await reply.json()) as { instanceId: string; runtimeStatus: string }[];
};

test('turns in steps leave one ended orchestration a session, and none when it is deleted or its time is over', async (t) => {
  const { start } = await setUp(t, { ttlMs: 1_000, minCheckDelayMs: 50 });
  for (const args of [[], ['--strict']]) {
    const host = await start(args);
    const left = async (count: number) => {
      await eventually(`${count} turns`, async () =>
        (await instances(host, 'dafx-turn-')).length === count ? true : undefined,
      );
    };
    for (const sessionId of ['deleted', 'expired']) {
      for (let i = 0; i < 5; i++) await host.run('Stepper', { message: `m${i}`, sessionId });
    }
    await left(2);
    assert.equal((await sessionCall(host, 'Stepper', '/deleted', 'DELETE')).status, 200);
    await left(1);
    await left(0);
    assert.equal(await host.session('Stepper', 'expired'), undefined);
  }
});

test('waits for the end of sessions that are over do not pile up', async (t) => {
  const { start } = await setUp(t, { ttlMs: 300, minCheckDelayMs: 50 });
  const host = await start();
  // Ids that do not change: which of them sweep is known.
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
  const send = (key: string) =>
    host.post('/api/agents/Talker/run', { message: 'hi', sessionId: key }, { 'idempotency-key': key });
  const all = async () => (await instances(host, 'dafx-expiry-')).map(({ instanceId }) => instanceId);
  await Promise.all(keys.map(send));
  const begun = await all();
  const sweeping = begun.filter((id) => /[08]$/.test(id));
  assert.ok(sweeping.length >= 2 && sweeping.length <= 10, `${sweeping.length} of ${begun.length}`);
  await eventually('the end of all sessions', async () => {
    const list = await instances(host, 'dafx-expiry-');
    return list.every(({ runtimeStatus }) => runtimeStatus === 'Completed') ? true : undefined;
  });
  // Sessions that come later end, and with them goes what is left of the first.
  const again = keys.filter((_, i) => sweeping.includes(begun[i] ?? '') || i < 4);
  for (const key of again) await send(`${key}-2`);
  await eventually('fewer', async () => {
    const list = await all();
    return begun.every((id) => !list.includes(id)) ? true : undefined;
  });
});
