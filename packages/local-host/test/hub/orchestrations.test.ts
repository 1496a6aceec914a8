import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodeEvent, EventType } from '../../src/engine/history.ts';
import { Harness, until } from './harness.ts';

for (const strict of [false, true]) {
  describe(strict ? 'strict (JSON text)' : 'live objects', () => {
    const harness = new Harness({ strict });
    before(() => harness.start());
    after(() => harness.dispose());
    const output = async (name: string, input?: unknown) => {
      const instance = await harness.run(name, input);
      assert.equal(instance.status, 'Completed', `${name}: ${instance.output}`);
      return JSON.parse(instance.output ?? 'null') as unknown;
    };

    test('activities run in sequence and keep their text', async () => {
      assert.deepEqual(await output('sequence'), ['Hello Tokyo', 'Hello Gdańsk', 'Hello Seattle']);
    });

    test('a fan-out of 50 keeps the order of its results', async () => {
      assert.deepEqual(
        await output('fanOut', 50),
        Array.from({ length: 50 }, (_, i) => i),
      );
    });

    test('a retried activity succeeds within its attempts, and the step after it gets its own result', async () => {
      const key = `a${strict}`;
      assert.deepEqual(await output('retry', { key, failures: 2, attempts: 3 }), ['ok after 2', 'after']);
    });

    test('a retried activity fails with its own error when the attempts are used up', async () => {
      const instance = await harness.run('retry', { key: `b${strict}`, failures: 5, attempts: 2 });
      assert.equal(instance.status, 'Failed');
      assert.match(
        instance.output ?? '',
        /Orchestrator function 'retry' failed: Activity function 'flaky' failed: failure 2/,
      );
    });

    test('retries end when their time is over, though attempts are left', async () => {
      const key = `c${strict}`;
      const [failure, after] = (await output('retryInTime', { key, timeoutMs: 40 })) as [string, string];
      assert.match(failure, /^Activity function 'flaky' failed: failure \d+/);
      assert.equal(after, 'after');
      const runs = Number(await output('flakyRunsOf', key));
      assert.ok(runs > 1 && runs < 50, `${runs} attempts ran`);
    });

    test('a sub-orchestration returns its value and its failure to the parent', async () => {
      assert.deepEqual(await output('parent'), {
        inner: ['Hello Tokyo', 'Hello Gdańsk', 'Hello Seattle'],
        failure: "Orchestrator function 'fails' failed: boom \n ",
      });
    });

    test('an external event wins against a timer, whose message is withdrawn', async () => {
      const id = await harness.hub.startOrchestration({ name: 'waits', input: '{"timeoutMs":3600000}' });
      await until(() => harness.hub.instance(id)?.customStatus ?? undefined, 'the custom status');
      assert.equal(harness.hub.instance(id)?.customStatus, '{"waiting":true}');
      await harness.hub.raiseEvent(id, 'Approval', '{"by":"Ann"}');
      assert.equal((await harness.end(id)).output, '{"approved":{"by":"Ann"}}');
      assert.deepEqual([...harness.store.messages('orchestration')], []);
    });

    test('a timer fires when no event comes', async () => {
      assert.deepEqual(await output('waits', { timeoutMs: 20 }), { timedOut: true });
    });

    test('events that come before they are waited for are kept in order', async () => {
      const id = await harness.hub.startOrchestration({ name: 'twoEvents', input: null });
      await harness.hub.raiseEvent(id, 'A', '1');
      await harness.hub.raiseEvent(id, 'A', '2');
      assert.equal((await harness.end(id)).output, '[1,2]');
    });

    test('continueAsNew keeps the id and starts with an empty history', async () => {
      const instance = await harness.run('counts', 1);
      assert.equal(instance.output, '"done at 5"');
      const started = harness.store.history(instance.instanceId).map(decodeEvent);
      assert.equal(started.filter((event) => event.EventType === EventType.ExecutionStarted).length, 1);
    });

    test('an entity takes signals and calls in order, and a failed operation leaves its state', async () => {
      assert.deepEqual(await output('usesEntity', { key: `k${strict}` }), {
        value: 7,
        failure: '[object Object]',
        after: 7,
      });
    });

    test('a failed orchestrator reports its own error', async () => {
      const instance = await harness.run('fails');
      assert.equal(instance.status, 'Failed');
      assert.equal(JSON.parse(instance.output!), "Orchestrator function 'fails' failed: boom");
    });

    test('a terminated instance stays terminated and takes no more events', async () => {
      const id = await harness.hub.startOrchestration({ name: 'twoEvents', input: null });
      await harness.hub.terminate(id, 'enough');
      assert.deepEqual([(await harness.end(id)).status, harness.hub.instance(id)?.output], ['Terminated', '"enough"']);
      await assert.rejects(harness.hub.raiseEvent(id, 'A', '1'), { code: 'instanceEnded' });
    });

    test('terminating a parent ends its sub-orchestrations, also those that have only just been asked for', async () => {
      for (const wait of [true, false]) {
        const id = `nest-${strict}-${wait}`;
        const input = JSON.stringify({ depth: 2, id });
        await harness.hub.startOrchestration({ name: 'nested', input, instanceId: id });
        await until(() => harness.hub.instance(wait ? `${id}-0` : id), 'the orchestration');
        await harness.hub.terminate(id, 'enough');
        await harness.end(id);
        const quiet = () => ([...harness.store.messages('orchestration')].length === 0 ? true : undefined);
        await until(quiet, 'all messages to be handled');
        assert.deepEqual(harness.hub.instances({ idPrefix: id, statuses: ['Pending', 'Running'], limit: 10 }), []);
        if (wait) assert.equal(harness.hub.instance(`${id}-0`)?.status, 'Terminated');
      }
    });

    test('a suspended instance holds its events until it is resumed', async () => {
      const id = await harness.hub.startOrchestration({ name: 'twoEvents', input: null });
      await harness.hub.suspend(id, '');
      await until(() => (harness.hub.instance(id)?.status === 'Suspended' ? true : undefined), 'Suspended');
      await harness.hub.raiseEvent(id, 'A', '1');
      await harness.hub.raiseEvent(id, 'A', '2');
      assert.equal(harness.hub.instance(id)?.status, 'Suspended');
      await harness.hub.resume(id, '');
      assert.equal((await harness.end(id)).output, '[1,2]');
    });

    test('starting an id that runs is refused, and one that has ended starts anew', async () => {
      const id = `twice-${strict}`;
      await harness.hub.startOrchestration({ name: 'twoEvents', input: null, instanceId: id });
      const again = harness.hub.startOrchestration({ name: 'sequence', input: null, instanceId: id });
      await assert.rejects(again, { code: 'instanceExists' });
      await harness.hub.terminate(id, '');
      await harness.end(id);
      await harness.run('sequence', undefined, id);
      assert.equal(harness.hub.instance(id)?.name, 'sequence');
    });

    test('two starts of one id at the same instant: exactly one wins', async () => {
      const starts = await Promise.allSettled(
        [1, 2].map(() =>
          harness.hub.startOrchestration({ name: 'sequence', input: null, instanceId: `race-${strict}` }),
        ),
      );
      assert.deepEqual(starts.map((start) => start.status).sort(), ['fulfilled', 'rejected']);
    });

    test('after a restart a waiting orchestration goes on and runs no finished activity again', async () => {
      const id = await harness.hub.startOrchestration({ name: 'waits', input: '{"timeoutMs":3600000}' });
      await until(() => harness.hub.instance(id)?.customStatus ?? undefined, 'the custom status');
      await harness.stop();
      await harness.start();
      await harness.hub.raiseEvent(id, 'Approval', 'true');
      assert.equal((await harness.end(id)).output, '{"approved":true}');
    });
  });
}

test('one task in several compounds runs once and keeps its own result (live objects)', async () => {
  const harness = await new Harness().start();
  const instance = await harness.run('racesLoop');
  assert.equal(instance.output, '[0,1,2,40,"end"]');
  await harness.dispose();
});

test('the same loop in strict mode is reported with advice and never answered with another result', async () => {
  const harness = await new Harness({ strict: true }).start();
  const instance = await harness.run('racesLoop');
  assert.equal(instance.status, 'Failed');
  assert.match(instance.output ?? '', /more than one Task\.any|Non-deterministic/);
  await harness.dispose();
});

test('a second host on the same folder is refused by name', async () => {
  const harness = await new Harness().start();
  const { SqliteStore } = await import('../../src/store/sqlite-store.ts');
  assert.throws(() => SqliteStore.open(harness.folder), {
    code: 'dataInUse',
    message: new RegExp(`process ${process.pid}`),
  });
  await harness.dispose();
});
