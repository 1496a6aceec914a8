import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Harness, until } from './harness.ts';

for (const strict of [false, true]) {
  describe(`entity locks (${strict ? 'strict' : 'live'})`, () => {
    const harness = new Harness({ strict });
    before(() => harness.start());
    after(() => harness.dispose());
    const state = (key: string) => Number(harness.hub.entity({ name: 'counter', key })?.state ?? 0);
    const lockOf = (key: string) => harness.store.entity(`@counter@${key}`)?.lock ?? null;
    const start = (input: object) => harness.hub.startOrchestration({ name: 'transfer', input: JSON.stringify(input) });

    test('transfers in both directions at once neither mix nor block each other', async () => {
      const ids = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          start(
            i % 2 === 0 ? { from: 'a', to: 'b', amount: 5, pause: 3 } : { from: 'b', to: 'a', amount: 2, pause: 1 },
          ),
        ),
      );
      for (const id of ids) assert.equal((await harness.end(id)).output, 'false');
      assert.deepEqual([state('a'), state('b')], [-18, 18]);
      assert.deepEqual([lockOf('a'), lockOf('b')], [null, null]);
    });

    test('a signal that comes while an entity is locked waits for the release', async () => {
      const id = await start({ from: 'c', to: 'd', amount: 1, hold: true });
      await until(() => lockOf('d') ?? undefined, 'the lock');
      await harness.hub.signalEntity({ name: 'Counter', key: 'c' }, 'add', '100');
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(state('c'), 0);
      await harness.hub.raiseEvent(id, 'GoOn', 'true');
      await harness.end(id);
      await until(() => (state('c') === 99 ? true : undefined), 'the signal');
    });

    test('an orchestration that fails in its critical section gives its entities free', async () => {
      const failed = await harness.run('transfer', { from: 'e', to: 'f', amount: 1, fail: true });
      assert.equal(failed.status, 'Failed');
      assert.equal((await harness.run('transfer', { from: 'f', to: 'e', amount: 3 })).status, 'Completed');
      assert.deepEqual([state('e'), state('f')], [3, -3]);
    });

    test('one that is terminated there does too, and one that waits for the lock gets its turn', async () => {
      const holder = await start({ from: 'g', to: 'h', amount: 1, hold: true });
      await until(() => lockOf('h') ?? undefined, 'the lock');
      const waiting = await start({ from: 'g', to: 'h', amount: 4 });
      const dropped = await start({ from: 'g', to: 'h', amount: 1000 });
      await harness.hub.terminate(dropped, 'no longer wanted');
      await harness.end(dropped);
      await harness.hub.terminate(holder, 'enough');
      assert.equal((await harness.end(waiting)).status, 'Completed');
      assert.deepEqual([state('g'), state('h')], [-4, 4]);
      await until(() => (lockOf('g') === null && lockOf('h') === null ? true : undefined), 'the release');
    });

    test('a lock is held over a restart', async () => {
      const holder = await start({ from: 'i', to: 'j', amount: 1, hold: true });
      await until(() => lockOf('j') ?? undefined, 'the lock');
      const waiting = await start({ from: 'i', to: 'j', amount: 1 });
      await harness.stop();
      await harness.start();
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(harness.hub.instance(waiting)?.status, 'Running');
      await harness.hub.raiseEvent(holder, 'GoOn', 'true');
      await harness.end(holder);
      await harness.end(waiting);
      assert.deepEqual([state('i'), state('j')], [-2, 2]);
    });
  });
}
