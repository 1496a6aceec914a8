import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Harness, until } from './harness.ts';

test('an orchestration of ten thousand parallel activities, and its history of twenty thousand events, work', async (t) => {
  const harness = await new Harness().start();
  t.after(() => harness.dispose());
  const id = await harness.hub.startOrchestration({ name: 'fanOut', input: '10000' });
  const ended = () => (harness.hub.instance(id)?.status === 'Completed' ? true : undefined);
  await until(ended, 'the end', 120_000);
  assert.deepEqual(
    JSON.parse(harness.hub.instance(id)?.output ?? ''),
    Array.from({ length: 10_000 }, (_, i) => i),
  );
  assert.ok(harness.hub.history(id).length > 20_000);
  assert.equal((await harness.run('sequence')).status, 'Completed', 'others are served as before');
});
