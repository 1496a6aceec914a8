import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventType } from '../../src/engine/history.ts';
import { until } from '../hub/harness.ts';
import { GrpcHarness } from '../scheduler/grpc-harness.ts';

describe('an app whose triggers ask for messages', () => {
  const harness = new GrpcHarness();
  before(() => harness.start());
  after(() => harness.dispose());

  test('activities get their plain input and give back their plain result', async () => {
    const expected = ['Gdańsk', ' "123"', { a: [1, null] }, 7, false, 'string', true];
    assert.deepEqual(await harness.output('sequence'), expected);
  });

  test('many activities run side by side', async () => {
    assert.equal(await harness.output('fanOut', 40), 780);
  });

  test('a timer ends a wait, and an event does', async () => {
    assert.equal(await harness.output('waits', 20), 'timed out');
    const id = await harness.begin('waits', 3_600_000);
    await until(() => harness.hub.instance(id)?.customStatus ?? undefined, 'the custom status');
    assert.equal(harness.hub.instance(id)?.customStatus, '{"waiting":true}');
    await harness.hub.raiseEvent(id, 'approval', '{"by":"me"}');
    assert.equal((await harness.end(id)).output, '{"by":"me"}');
  });

  test('a suspended orchestration takes its events when it goes on', async () => {
    const id = await harness.begin('waits', 3_600_000);
    await until(() => harness.hub.instance(id)?.customStatus ?? undefined, 'the custom status');
    await harness.hub.suspend(id, 'a break');
    await until(() => (harness.hub.instance(id)?.status === 'Suspended' ? true : undefined), 'the break');
    await harness.hub.raiseEvent(id, 'Approval', '1');
    await harness.hub.resume(id, 'go on');
    assert.equal((await harness.end(id)).output, '1');
  });

  test('sub-orchestrations know their parent and version; their failure comes with its type', async () => {
    const id = await harness.begin('parent', undefined, 'p1');
    const { output } = await harness.end(id);
    assert.deepEqual(JSON.parse(output!), {
      child: { input: { x: 1 }, parent: 'p1', version: '2.0' },
      named: { input: 'n', parent: 'p1', version: '' },
      failure: ['Sub-orchestration task #3 failed: child broke', 'RangeError', 'child broke'],
    });
    assert.equal(harness.hub.instance('p1-named')?.status, 'Completed');
  });

  test('failed activities are tried again by the SDK, until it gives up', async () => {
    assert.equal(await harness.output('retries', { key: 'a', failures: 2 }), 'ok after 2');
    const given = await harness.output('retries', { key: 'b', failures: 9 });
    assert.deepEqual(given, ['Activity task #5 failed: failure 3', 'TypeError']);
  });

  test('entities are signalled and called in order, and a failed operation changes nothing', async () => {
    assert.deepEqual(await harness.output('entities', 'e1'), [7, ['RangeError', 'no such luck'], 7]);
    assert.equal(harness.counter('e1'), 7);
  });

  test('an entity without state is gone', async () => {
    await harness.run('asks', { key: 'gone', operation: 'add', input: 1 });
    await harness.run('asks', { key: 'gone', operation: 'clear' });
    assert.equal(harness.counter('gone'), undefined);
  });

  test('an entity signals others, at once or later, and starts orchestrations', async () => {
    await harness.run('asks', { key: 'f', operation: 'forward', input: { to: 'g', amount: 3 } });
    await harness.run('asks', { key: 'f', operation: 'forward', input: { to: 'g', amount: 4, inMs: 30 } });
    await harness.counted('g', 7);
    await harness.run('asks', { key: 'f', operation: 'start', input: 'by-entity' });
    await until(() => harness.hub.instance('by-entity'), 'the start');
    assert.equal((await harness.end('by-entity')).status, 'Completed');
  });

  test('critical sections neither mix nor block each other', async () => {
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        harness.begin('transfer', i % 2 ? { from: 'l1', to: 'l2', amount: 5 } : { from: 'l2', to: 'l1', amount: 2 }),
      ),
    );
    for (const id of ids) assert.equal((await harness.end(id)).status, 'Completed');
    await harness.counted('l1', -15);
    await harness.counted('l2', 15);
  });

  test('locks are given free when the orchestration fails or forgets to', async () => {
    const failed = await harness.run('transfer', { from: 'm', to: 'n', amount: 1, leave: 'fail' });
    assert.equal(failed.status, 'Failed');
    await harness.run('transfer', { from: 'm', to: 'n', amount: 1, leave: 'silently' });
    const last = await harness.run('transfer', { from: 'n', to: 'm', amount: 1 });
    assert.equal(last.output, '1');
  });

  test('locks are given free when the holder is terminated, and who waits for them gets its turn', async () => {
    const holder = await harness.begin('transfer', { from: 'r', to: 's', amount: 1, leave: 'hold' });
    await until(() => harness.store.entity('@counter@s')?.lock ?? undefined, 'the lock');
    const waiting = await harness.begin('transfer', { from: 's', to: 'r', amount: 4 });
    await harness.hub.terminate(holder, 'enough');
    const ended = await harness.end(holder);
    assert.deepEqual([ended.status, ended.output], ['Terminated', '"enough"']);
    assert.equal((await harness.end(waiting)).status, 'Completed');
    await harness.counted('r', 4);
  });

  test('continue-as-new keeps unread events in order, drops timers and resets the custom status', async () => {
    const id = await harness.begin('rounds', { rounds: 30, got: [] });
    const numbers = Array.from({ length: 30 }, (_, i) => i);
    await harness.hub.suspend(id, 'until there are several');
    for (const n of numbers.slice(0, 20)) await harness.hub.raiseEvent(id, 'Next', `${n}`);
    await harness.hub.resume(id, 'go on');
    for (const n of numbers.slice(20)) await harness.hub.raiseEvent(id, 'Next', `${n}`);
    const { output, customStatus } = await harness.end(id);
    assert.deepEqual(JSON.parse(output!), numbers);
    assert.equal(customStatus, null);
    assert.deepEqual(
      [...harness.store.messages('orchestration')].filter(({ target, tag }) => target === id && tag !== null),
      [],
    );
  });

  test('each execution has children of its own and starts with no custom status', async () => {
    const ids = (await harness.output('steps', { round: 3, ids: [] })) as string[];
    assert.equal(new Set(ids).size, 4);
  });

  test('an orchestration sends an event to another one', async () => {
    const id = await harness.begin('waits', 3_600_000);
    await harness.run('sends', { to: id, name: 'Approval', data: { from: 'other' } });
    assert.equal((await harness.end(id)).output, '{"from":"other"}');
    const lost = await harness.run('sends', { to: 'nobody', name: 'release', data: null });
    assert.equal(lost.status, 'Completed');
  });

  test('a failure ends with its type and text, and what was asked for beside it is done', async () => {
    const failed = await harness.run('fails');
    assert.deepEqual([failed.status, failed.output], ['Failed', '"TypeError: boom"']);
    const end = harness.history(failed.instanceId).find((event) => event.EventType === EventType.ExecutionCompleted);
    assert.equal(end?.EventType === EventType.ExecutionCompleted && end.FailureDetails?.ErrorType, 'TypeError');
    await harness.counted('failed', 1);
  });

  test('an open timer does not hold the end up', async () => {
    assert.equal(await harness.output('leavesOpen'), 'done');
  });

  test('changed code fails with what the SDK says of it', async () => {
    const failed = await harness.run('changes');
    assert.equal(failed.status, 'Failed');
    assert.match(failed.output ?? '', /NonDeterminism/);
  });

  test('a function that answers with nothing fails its orchestration', async () => {
    const failed = await harness.run('says nothing');
    assert.equal(failed.status, 'Failed');
    assert.match(failed.output ?? '', /returned no message/);
  });

  test('an orchestration goes on after a restart of the hub', async () => {
    const id = await harness.begin('waits', 3_600_000);
    await until(() => harness.hub.instance(id)?.customStatus ?? undefined, 'the custom status');
    await harness.stop();
    await harness.start();
    await harness.hub.raiseEvent(id, 'Approval', '"after"');
    assert.equal((await harness.end(id)).output, '"after"');
  });
});
