import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EndWatch } from '../../src/hub/end-watch.ts';
import { Harness } from './harness.ts';

describe('waiting for the end of an instance', () => {
  const host = new Harness();
  before(() => host.start());
  after(() => host.dispose());

  test('is over when it ends, however it ends', async () => {
    const started = await host.hub.startOrchestration({ name: 'sequence', input: null });
    assert.equal(await host.hub.ends(started, 60_000), true);
    assert.equal(host.hub.instance(started)?.status, 'Completed');

    const waits = await host.hub.startOrchestration({ name: 'twoEvents', input: null });
    const ended = Promise.all([host.hub.ends(waits, 60_000), host.hub.ends(waits, 60_000)]);
    await host.hub.terminate(waits, 'enough');
    assert.deepEqual(await ended, [true, true]);
    assert.equal(host.hub.instance(waits)?.status, 'Terminated');
  });

  test('is over at once when it has ended, or when there is no time', async () => {
    const { instanceId } = await host.run('sequence');
    assert.equal(await host.hub.ends(instanceId, 0), true);
    assert.equal(await host.hub.ends('nobody', 0), false);
  });

  test('is over without the end when the time is up', async () => {
    const waits = await host.hub.startOrchestration({ name: 'twoEvents', input: null });
    assert.equal(await host.hub.ends(waits, 1), false);
  });
});

test('who has waited long enough is not told any more', async () => {
  const watch = new EndWatch();
  const [short, long] = [watch.wait('i', 1), watch.wait('i', 60_000)];
  assert.equal(await short, false);
  watch.ended('other');
  watch.ended('i');
  assert.equal(await long, true);
  const again = watch.wait('i', 1);
  assert.equal(await again, false);
});
