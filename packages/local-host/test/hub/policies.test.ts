import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { compareVersions } from '../../src/engine/version.ts';
import type { HubPolicy } from '../../src/hub/hub-policy.ts';
import { Harness, until } from './harness.ts';

async function started(t: TestContext, policy: HubPolicy): Promise<Harness> {
  const harness = await new Harness({ policy }).start();
  t.after(() => harness.dispose());
  return harness;
}

test('versions are compared by their numbers, others as text, none comes first', () => {
  const sorted = ['', '1', '1.0.1', '1.2', '1.10', '2', '10.0'];
  for (const [i, a] of sorted.entries()) {
    for (const [j, b] of sorted.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
  }
  assert.equal(compareVersions('1.0', '1'), 0);
  assert.ok(compareVersions('2025-01-01', '2025-02-01') < 0);
  assert.equal(compareVersions('V1-beta', 'v1-BETA'), 0);
});

test('new instances and their sub-orchestrations get the version of the app unless the call names one', async (t) => {
  const versions = { current: '1.5', match: 'CurrentOrOlder', onMismatch: 'Reject' } as const;
  const harness = await started(t, { versions });
  assert.deepEqual(JSON.parse((await harness.run('version', 'parent')).output ?? ''), ['1.5', '1.5', '0.9']);
  const id = await harness.hub.startOrchestration({ name: 'version', input: '"x"', version: '1.2' });
  assert.equal((await harness.end(id)).output, '"1.2"');
});

test('an instance of a newer version waits for an app that knows it, and then goes on', async (t) => {
  const versions = { current: '1.0', match: 'CurrentOrOlder', onMismatch: 'Reject' } as const;
  const harness = await started(t, { versions });
  const id = await harness.hub.startOrchestration({ name: 'version', input: '"x"', version: '2.0' });
  await harness.run('sequence');
  assert.equal(harness.hub.instance(id)?.status, 'Pending');
  await harness.stop();
  harness.policy = { versions: { ...versions, current: '2.0' } };
  await harness.start();
  assert.equal((await harness.end(id)).output, '"2.0"');
});

test('with Fail an instance that does not match fails and says both versions', async (t) => {
  const harness = await started(t, { versions: { current: '1.0', match: 'Strict', onMismatch: 'Fail' } });
  const id = await harness.hub.startOrchestration({ name: 'version', input: '"x"', version: '0.9' });
  const ended = await harness.end(id);
  assert.equal(ended.status, 'Failed');
  assert.match(ended.output ?? '', /version '0\.9'.*version '1\.0'/);
});

test('with AnyState a start takes the place of a running instance, whose children and late results go', async (t) => {
  const harness = await started(t, { overridable: 'AnyState' });
  const { hub } = harness;
  await hub.startOrchestration({ name: 'nested', instanceId: 'top', input: '{"depth":1,"id":"old"}' });
  await until(() => (hub.instance('old-0')?.status === 'Running' ? true : undefined), 'the child');
  const first = hub.instance('top')?.executionId;
  await hub.startOrchestration({ name: 'nested', instanceId: 'top', input: '{"depth":0}' });
  await until(() => (hub.instance('top')?.executionId !== first ? true : undefined), 'the new execution');
  assert.equal((await harness.end('old-0')).status, 'Terminated');
  await until(() => (hub.instance('top')?.status === 'Running' ? true : undefined), 'it to wait');
  await hub.raiseEvent('top', 'A', '"new"');
  const ended = await harness.end('top');
  assert.equal(ended.output, '"new"');
  assert.equal(hub.history('top').filter((event) => event.includes('"EventType":0')).length, 1);
});

test('without it the second start is refused and the running instance is untouched', async (t) => {
  const harness = await started(t, {});
  await harness.hub.startOrchestration({ name: 'nested', instanceId: 'top', input: '{"depth":0}' });
  await assert.rejects(harness.hub.startOrchestration({ name: 'nested', instanceId: 'top', input: '{"depth":0}' }), {
    code: 'instanceExists',
  });
  await harness.hub.raiseEvent('top', 'A', '1');
  assert.equal((await harness.end('top')).output, '1');
});

test('an orchestrator that asks for too many actions fails with the limit', async (t) => {
  const harness = await started(t, { maxOrchestrationActions: 10 });
  assert.equal((await harness.run('fanOut', 9)).status, 'Completed');
  const ended = await harness.run('fanOut', 11);
  assert.equal(ended.status, 'Failed');
  assert.match(ended.output ?? '', /11 actions.*10.*maxOrchestrationActions/s);
});

test('a custom status above 16 KB fails the orchestration with both sizes', async (t) => {
  const harness = await started(t, {});
  assert.equal((await harness.run('largeStatus', 8_190)).status, 'Completed');
  const ended = await harness.run('largeStatus', 8_191);
  assert.equal(ended.status, 'Failed');
  assert.match(ended.output ?? '', /16386 bytes.*16384/);
});

test('with a limit no more entities and orchestrators than that take a step at once, and all get their turn', async (t) => {
  const harness = await started(t, { maxConcurrentEntities: 2, maxConcurrentOrchestrators: 1 });
  const world = globalThis as unknown as { mostActive: number };
  world.mostActive = 0;
  for (let i = 0; i < 12; i++) await harness.hub.signalEntity({ name: 'Busy', key: `k${i % 6}` }, 'go', undefined);
  await until(() => ([...harness.store.messages('entity')].length === 0 ? true : undefined), 'all signals');
  assert.equal(world.mostActive, 2);
  const all = await Promise.all(Array.from({ length: 8 }, () => harness.run('sequence')));
  assert.ok(all.every(({ status }) => status === 'Completed'));
});
