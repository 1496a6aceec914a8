import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DurableHttpApi } from '../../src/durable/http-api.ts';
import { callApi } from '../../src/durable/rpc-server.ts';
import { Harness, until } from '../hub/harness.ts';

describe('the durable HTTP API', () => {
  const harness = new Harness();
  let api: DurableHttpApi;
  before(async () => {
    await harness.start();
    api = new DurableHttpApi(harness.hub, { origin: 'http://localhost:7071', taskHub: 'Hub' });
  });
  after(() => harness.dispose());

  const call = async (method: string, path: string, body = '', headers: Record<string, string> = {}) => {
    const url = new URL(`http://h/${path}`);
    const reply = await callApi(api, {
      method,
      path: url.pathname.slice(1),
      query: url.searchParams,
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return {
      ...reply,
      json: reply.body === '' ? undefined : (JSON.parse(reply.body) as never as Record<string, unknown>),
    };
  };
  const ended = (id: string) => harness.end(id);

  test('a start answers 202 with the management URLs, and the status follows the instance', async () => {
    const started = await call('POST', 'orchestrators/twoEvents/run%201', '{"a":1}');
    assert.equal(started.status, 202);
    assert.equal(started.json?.id, 'run 1');
    assert.equal(started.headers.location, started.json?.statusQueryGetUri);
    assert.match(
      String(started.json?.statusQueryGetUri),
      /^http:\/\/localhost:7071\/runtime\/webhooks\/durabletask\/instances\/run%201\?/,
    );
    const status = await call('GET', 'instances/run%201');
    assert.equal(status.status, 202);
    assert.deepEqual(status.json?.input, { a: 1 });
    assert.equal(status.json?.output, null);
    assert.match(String(status.json?.createdTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal((await call('POST', 'orchestrators/twoEvents/run%201')).status, 409);
    assert.equal((await call('POST', 'instances/run%201/raiseEvent/A', '1')).status, 202);
    assert.equal((await call('POST', 'instances/run%201/raiseEvent/A', '2')).status, 202);
    await ended('run 1');
    const done = await call('GET', 'instances/run%201?showHistory=true&showHistoryOutput=true');
    assert.deepEqual([done.status, done.json?.output], [200, [1, 2]]);
    const events = done.json?.historyEvents as { EventType: string }[];
    assert.deepEqual(
      events.map(({ EventType }) => EventType),
      ['ExecutionStarted', 'EventRaised', 'EventRaised', 'ExecutionCompleted'],
    );
    assert.equal((await call('POST', 'instances/run%201/raiseEvent/A', '3')).status, 410);
  });

  test('what cannot be accepted is refused with the documented status', async () => {
    const id = harness.hub.startOrchestration({ name: 'twoEvents', input: null, instanceId: 'bad-input' });
    await id;
    const cases: [method: string, path: string, body: string, status: number][] = [
      ['POST', 'orchestrators/nothing', '', 400],
      ['POST', 'orchestrators/twoEvents', '{', 400],
      ['POST', 'orchestrators/twoEvents/%40x', '', 400],
      ['POST', 'orchestrators/twoEvents/a%2Fb', '', 400],
      ['POST', `orchestrators/twoEvents/${'x'.repeat(257)}`, '', 400],
      ['GET', 'instances/unknown', '', 404],
      ['POST', 'instances/unknown/terminate?reason=x', '', 404],
      ['POST', 'instances/bad-input/raiseEvent/A', '', 400],
      ['POST', 'instances/bad-input/raiseEvent/A', '{', 400],
      ['DELETE', 'instances/bad-input', '', 404],
      ['DELETE', 'instances/', '', 400],
      ['GET', 'entities/counter/none', '', 404],
      ['GET', 'instances/%', '', 404],
      ['GET', 'elsewhere', '', 404],
    ];
    for (const [method, path, body, status] of cases) {
      assert.equal((await call(method, path, body)).status, status, `${method} ${path}`);
    }
    await harness.hub.terminate('bad-input', '');
    await ended('bad-input');
  });

  test('a failed instance is 200, or 500 when the caller asks for it, with the reason', async () => {
    await harness.run('fails', undefined, 'failed-1');
    const plain = await call('GET', 'instances/failed-1');
    assert.deepEqual([plain.status, plain.json?.runtimeStatus], [200, 'Failed']);
    assert.equal(plain.json?.output, "Orchestrator function 'fails' failed: boom");
    assert.equal((await call('GET', 'instances/failed-1?returnInternalServerErrorOnFailure=true')).status, 500);
  });

  test('a start that waits answers with the output', async () => {
    const reply = await call('POST', 'orchestrators/sequence?timeout=10&pollingInterval=0.01');
    assert.deepEqual([reply.status, reply.json], [200, ['Hello Tokyo', 'Hello Gdańsk', 'Hello Seattle']]);
  });

  test('a restart runs the same input again, under the same id or a new one', async () => {
    await harness.run('counts', 5, 'again');
    const same = await call('POST', 'instances/again/restart?restartWithNewInstanceId=false');
    assert.deepEqual([same.status, same.json?.id], [202, 'again']);
    await ended('again');
    const other = await call('POST', 'instances/again/restart');
    assert.equal(other.status, 202);
    assert.notEqual(other.json?.id, 'again');
    assert.equal((await ended(String(other.json?.id))).output, '"done at 5"');
    assert.equal((await call('POST', 'instances/unknown/restart')).status, 400);
  });

  test('entities take signals and show their state, with any key that a URL can carry', async () => {
    assert.equal((await call('POST', 'entities/Counter/a%20%C5%BC%25?op=add', '4')).status, 202);
    await until(() => harness.hub.entity({ name: 'counter', key: 'a ż%' }), 'the entity');
    const state = await call('GET', 'entities/counter/a%20%C5%BC%25');
    assert.deepEqual([state.status, state.json], [200, 4]);
    const list = await call('GET', 'entities/Counter?fetchState=true');
    assert.deepEqual(
      (list.json as unknown as { entityId: unknown; state: unknown }[]).map(({ entityId, state }) => [entityId, state]),
      [[{ name: 'counter', key: 'a ż%' }, 4]],
    );
  });

  test('lists come in pages that end, and purging by time deletes what has ended', async () => {
    for (let i = 0; i < 5; i++) await harness.run('sequence', undefined, `page-${i}`);
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = await call(
        'GET',
        'instances/?instanceIdPrefix=page-&top=2',
        '',
        token ? { 'x-ms-continuation-token': token } : {},
      );
      seen.push(...(page.json as unknown as { instanceId: string }[]).map(({ instanceId }) => instanceId));
      token = page.headers['x-ms-continuation-token'];
    } while (token !== undefined);
    assert.deepEqual(seen, ['page-0', 'page-1', 'page-2', 'page-3', 'page-4']);
    const purged = await call('DELETE', 'instances/?createdTimeFrom=2000-01-01T00:00:00Z&runtimeStatus=Completed');
    assert.equal(purged.status, 200);
    assert.ok(Number(purged.json?.instancesDeleted) >= 5);
    assert.equal((await call('GET', 'instances/page-0')).status, 404);
  });
});
