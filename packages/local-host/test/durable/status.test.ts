import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurableHost } from './durable-host.ts';

const host = await DurableHost.start();

test('a running instance answers 202 with its whole record, where to ask again, and when', async () => {
  await host.start('waits', 'running', { a: 1 });
  await host.reaches('running', 'Running');
  const { status, headers, json } = await host.call('GET', 'instances/running');
  assert.equal(status, 202);
  assert.equal(headers.get('retry-after'), '5');
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
  const { createdTime, lastUpdatedTime, ...rest } = json;
  assert.deepEqual(rest, {
    name: 'waits',
    instanceId: 'running',
    runtimeStatus: 'Running',
    input: { a: 1 },
    customStatus: { waitsFor: 'go' },
    output: null,
  });
  for (const time of [createdTime, lastUpdatedTime]) {
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
});

test('the Location of a poll asks again as the poll did', async () => {
  await host.start('waits', 'polled', { a: 1 });
  await host.reaches('polled', 'Running');
  const first = await host.call('GET', 'instances/polled?showInput=false&showHistory=true');
  assert.equal(first.json.input, null);
  const again = await fetch(first.headers.get('location') ?? '');
  assert.equal(again.status, 202);
  const body = (await again.json()) as { input: unknown; historyEvents: unknown[] };
  assert.equal(body.input, null);
  assert.equal(body.historyEvents.length, 1);
});

test('each end has its status code, and no Location', async () => {
  await host.start('echo', 'completed', 1);
  await host.start('fails', 'failed');
  await host.start('waits', 'terminated');
  await host.call('POST', 'instances/terminated/terminate?reason=enough');
  const ends: [id: string, state: string, output: unknown][] = [
    ['completed', 'Completed', { input: 1, version: '' }],
    ['failed', 'Failed', "Orchestrator function 'fails' failed: boom"],
    ['terminated', 'Terminated', 'enough'],
  ];
  for (const [id, state, output] of ends) {
    await host.reaches(id);
    const { status, headers, json } = await host.call('GET', `instances/${id}`);
    assert.deepEqual([status, json.runtimeStatus, json.output], [200, state, output]);
    assert.deepEqual([headers.get('location'), headers.get('retry-after')], [null, null]);
  }
});

test('a failed instance, and no other, is a 500 for who asks for that', async () => {
  await host.start('fails', 'failed-500');
  await host.start('echo', 'fine-500');
  for (const id of ['failed-500', 'fine-500']) await host.reaches(id);
  const as = (id: string, value: string) =>
    host.call('GET', `instances/${id}?returnInternalServerErrorOnFailure=${value}`);
  const failed = await as('failed-500', 'true');
  assert.deepEqual([failed.status, failed.json.runtimeStatus], [500, 'Failed']);
  assert.equal((await as('failed-500', 'True')).status, 500);
  assert.equal((await as('failed-500', 'false')).status, 200);
  assert.equal((await as('fine-500', 'true')).status, 200);
});

test('an unknown instance is a 404 without a body, and so is a purged one', async () => {
  const unknown = await host.call('GET', 'instances/nobody');
  assert.deepEqual([unknown.status, unknown.text], [404, '']);
  await host.start('fails', 'purged');
  await host.reaches('purged', 'Failed');
  assert.equal((await host.call('DELETE', 'instances/purged')).status, 200);
  assert.equal((await host.call('GET', 'instances/purged')).status, 404);
});

test('a suspended instance is a 202 that says so', async () => {
  await host.start('waits', 'held');
  await host.call('POST', 'instances/held/suspend?reason=later');
  await host.reaches('held', 'Suspended');
  const { status, headers } = await host.call('GET', 'instances/held');
  assert.deepEqual([status, headers.get('retry-after')], [202, '5']);
});

test('a large input is shown unless it is not wanted; 100 polls without it stay small', async () => {
  const input = 'x'.repeat(900 * 1024);
  await host.start('waits', 'large', input);
  await host.reaches('large', 'Running');
  assert.equal((await host.call('GET', 'instances/large')).json.input, input);
  for (let i = 0; i < 100; i++) {
    const { status, text } = await host.call('GET', 'instances/large?showInput=false');
    assert.equal(status, 202);
    assert.ok(text.length < 4096, `${text.length} characters`);
  }
});

test('the history comes on request only, one entry for what was done, and outputs only when asked for', async () => {
  await host.start('everyStep', 'history', 'in');
  await host.tells('history');
  await host.call('POST', 'instances/history/raiseEvent/go', { body: { secret: 1 } });
  await host.reaches('history');
  assert.equal((await host.call('GET', 'instances/history')).json.historyEvents, undefined);
  const plain = (await host.call('GET', 'instances/history?showHistory=true')).json.historyEvents!;
  for (const event of plain) {
    assert.match(String(event.Timestamp), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    for (const internal of ['EventId', 'IsPlayed', 'Version', 'Input', 'TaskScheduledId', 'TimerId']) {
      assert.ok(!(internal in event), `${event.EventType} shows ${internal}`);
    }
  }
  const done = ['TaskCompleted', 'TaskFailed', 'SubOrchestrationInstanceCompleted'];
  for (const event of plain.filter(({ EventType }) => done.includes(String(EventType)))) {
    assert.ok(Date.parse(String(event.ScheduledTime)) <= Date.parse(String(event.Timestamp)));
  }
  const facts = (events: typeof plain) =>
    events.map(({ Timestamp, ScheduledTime, FireAt, ...rest }) => rest as Record<string, unknown>);
  const entity = '@counter@history';
  const reason = { Reason: "Activity function 'breaks' failed: out of order", Details: '' };
  assert.deepEqual(facts(plain), [
    { EventType: 'ExecutionStarted', FunctionName: 'everyStep' },
    { EventType: 'TaskCompleted', FunctionName: 'double' },
    { EventType: 'TaskFailed', FunctionName: 'breaks', ...reason },
    { EventType: 'SubOrchestrationInstanceCompleted', FunctionName: 'echo' },
    { EventType: 'TimerCreated' },
    { EventType: 'TimerFired' },
    { EventType: 'EventSent', Name: 'op', InstanceId: entity },
    { EventType: 'EventRaised', Name: 'go' },
    { EventType: 'ExecutionCompleted', OrchestrationStatus: 'Completed' },
  ]);
  const full = (await host.call('GET', 'instances/history?showHistory=true&showHistoryOutput=true')).json;
  const results = full
    .historyEvents!.filter((event) => 'Result' in event)
    .map(({ EventType, Result }) => [EventType, Result]);
  assert.deepEqual(results, [
    ['TaskCompleted', 42],
    ['SubOrchestrationInstanceCompleted', { input: 'child', version: '' }],
    ['ExecutionCompleted', 42],
  ]);
});

test('what is under way stands in the history by itself', async () => {
  await host.start('hasChild', 'open');
  await host.tells('open-child');
  const { historyEvents } = (await host.call('GET', 'instances/open?showHistory=true')).json;
  const { Timestamp, ...open } = historyEvents!.at(-1)!;
  assert.ok(Timestamp);
  const child = { FunctionName: 'waits', InstanceId: 'open-child' };
  assert.deepEqual(open, { EventType: 'SubOrchestrationInstanceCreated', ...child });
});

test('outputs of the history are not shown without the history', async () => {
  await host.start('echo', 'no-history');
  await host.reaches('no-history');
  const { json } = await host.call('GET', 'instances/no-history?showHistoryOutput=true');
  assert.equal(json.historyEvents, undefined);
});

test('only the methods of a route are answered', async () => {
  await host.start('echo', 'methods');
  await host.reaches('methods');
  for (const method of ['HEAD', 'PUT', 'PATCH', 'POST']) {
    assert.equal((await host.call(method, 'instances/methods')).status, 404, method);
  }
  for (const path of ['instances/methods/terminate', 'instances/methods/raiseEvent/go', 'instances/methods/x']) {
    assert.equal((await host.call('GET', path)).status, 404, path);
    assert.equal((await host.call('DELETE', path)).status, 404, path);
  }
  assert.equal((await host.call('GET', 'instances/methods')).status, 200);
  assert.equal((await host.call('GET', 'INSTANCES/methods/')).status, 200);
  for (const path of ['', 'elsewhere', 'instances%2Fmethods']) {
    assert.equal((await host.call('GET', path)).status, 404, path);
  }
  assert.equal((await host.call('POST', 'makeprimary')).status, 200);
});
