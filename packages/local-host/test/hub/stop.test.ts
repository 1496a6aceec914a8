import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Harness, until } from './harness.ts';

test('work that a wanted stop cuts off is not counted against it, however the process ends then', async (t) => {
  const harness = await new Harness().start();
  t.after(() => harness.dispose());
  const attempts = () => [...harness.store.messages('activity')].map((message) => message.attempts);
  await harness.hub.startOrchestration({ name: 'napping', instanceId: 'nap', input: '400' });
  await until(() => (attempts().length === 1 ? true : undefined), 'the activity');
  // Only the announcement reaches the disk; then the process is gone.
  await harness.hub.announceStop();
  harness.store.close();
  await harness.start();
  await until(() => (harness.hub.instance('nap')?.status === 'Running' ? true : undefined), 'it to go on');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(attempts(), [0]);
  assert.equal((await harness.end('nap')).status, 'Completed');
});
