import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBothModes, type SampleApp } from './sample-app.ts';

/** Reads until the counter holds the value; `undefined` is a counter that is not there. */
async function holds(app: SampleApp, key: string, value: number | undefined): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const reply = await app.fetch('GET', `counters/${key}`);
    const found = reply.status === 404 ? undefined : await reply.json();
    if (found === value) return;
    assert.ok(Date.now() < deadline, `counter ${key} holds ${found}, not ${value}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

inBothModes('counter-entity', (app) => {
  const signal = async (key: string, operation: string, input?: number) =>
    assert.equal((await app.fetch('POST', `counters/${key}/${operation}`, input)).status, 202);

  test('signals are counted, each once, also when they come at the same time', async () => {
    await holds(app, 'visits', undefined);
    await Promise.all(Array.from({ length: 50 }, () => signal('visits', 'add', 2)));
    await holds(app, 'visits', 100);
  });

  test('a reset and a delete take effect', async () => {
    await signal('short', 'add', 3);
    await signal('short', 'reset');
    await holds(app, 'short', 0);
    await signal('short', 'delete');
    await holds(app, 'short', undefined);
  });

  test('an orchestration reads and changes counters in order', async () => {
    await signal('from', 'add', 7);
    await holds(app, 'from', 7);
    const reply = await app.fetch('POST', 'moves', { from: 'from', to: 'to' });
    assert.deepEqual([reply.status, await reply.json()], [200, { moved: 7, now: 7 }]);
    await holds(app, 'from', 0);
    await holds(app, 'to', 7);
  });
});
