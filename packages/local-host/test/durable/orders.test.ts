import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurableHost } from './durable-host.ts';

const host = await DurableHost.start();
const json = { 'content-type': 'application/json' };

/** Starts an instance that waits for `go`, and waits until it does. */
const waiting = async (id: string) => {
  await host.start('waits', id);
  await host.tells(id);
};

test('an event is taken with 202 and an empty body, and its data arrives as it was sent', async () => {
  for (const [index, body] of ['{"a":[1,null,"ż"]}', '"text"', '0', 'null', ' {"spaced" : true} '].entries()) {
    const id = `data-${index}`;
    await waiting(id);
    const reply = await host.call('POST', `instances/${id}/raiseEvent/go`, { body, headers: json });
    assert.deepEqual([reply.status, reply.text], [202, '']);
    assert.deepEqual((await host.reaches(id)).output, JSON.parse(body));
  }
});

test('an event needs a JSON body of type application/json; what is refused is not delivered', async () => {
  await waiting('types');
  const raise = (body: string | undefined, type?: string) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    return host.call('POST', 'instances/types/raiseEvent/go', { body, headers });
  };
  const bad: [body: string | undefined, type?: string][] = [
    ['1', 'text/plain'],
    ['1', 'application/xml'],
    ['1', 'text/json'],
    ['1', 'application/problem+json'],
    ['1', 'application/jsonp'],
    ['', 'application/json'],
    [undefined],
    ['{"cut":', 'application/json'],
  ];
  for (const [body, type] of bad) {
    const reply = await raise(body, type);
    assert.equal(reply.status, 400, `${type}: ${body}`);
    assert.match(String(reply.json.ExceptionMessage), /JSON body/);
  }
  assert.equal((await raise('"good"', 'APPLICATION/JSON; charset=utf-8')).status, 202);
  assert.equal((await host.reaches('types')).output, 'good');
});

test('an order to an unknown instance is a 404, and to one that has ended a 410, whatever its body', async () => {
  await host.start('echo', 'ended');
  await host.reaches('ended');
  for (const order of ['raiseEvent/go', 'terminate?reason=x', 'suspend?reason=x', 'resume?reason=x']) {
    for (const body of ['{}', 'no JSON']) {
      const unknown = await host.call('POST', `instances/nobody/${order}`, { body, headers: json });
      assert.deepEqual([unknown.status, unknown.text], [404, ''], order);
      const ended = await host.call('POST', `instances/ended/${order}`, { body, headers: json });
      assert.deepEqual([ended.status, ended.text], [410, ''], order);
    }
  }
  assert.equal((await host.call('GET', 'instances/ended')).json.runtimeStatus, 'Completed');
});

test('after every kind of end an event is a 410, and a 404 after the purge', async () => {
  await waiting('end-completed');
  await host.call('POST', 'instances/end-completed/raiseEvent/go', { body: '1', headers: json });
  await host.start('fails', 'end-failed');
  await waiting('end-terminated');
  await host.call('POST', 'instances/end-terminated/terminate');
  for (const id of ['end-completed', 'end-failed', 'end-terminated']) {
    await host.reaches(id);
    const raise = () => host.call('POST', `instances/${id}/raiseEvent/go`, { body: '1', headers: json });
    assert.equal((await raise()).status, 410);
    assert.equal((await host.call('DELETE', `instances/${id}`)).status, 200);
    assert.equal((await raise()).status, 404);
  }
});

test('events sent right after the start, many at once, all arrive', async () => {
  const body = JSON.stringify({ name: 'tick', count: 5 });
  await Promise.all(
    Array.from({ length: 40 }, async (_, run) => {
      const id = `early-${run}`;
      assert.equal((await host.call('POST', `orchestrators/collects/${id}`, { body, headers: json })).status, 202);
      const sent = await Promise.all(
        [1, 2, 3, 4, 5].map((n) =>
          host.call('POST', `instances/${id}/raiseEvent/tick`, { body: String(n), headers: json }),
        ),
      );
      assert.deepEqual(new Set(sent.map(({ status }) => status)), new Set([202]));
      const output = (await host.reaches(id)).output as unknown as number[];
      assert.deepEqual(output.toSorted(), [1, 2, 3, 4, 5]);
    }),
  );
});

test('an event sent while the start is under way is kept or refused, never accepted and lost', async () => {
  const body = JSON.stringify({ name: 'tick', count: 1 });
  for (let run = 0; run < 40; run++) {
    const id = `instant-${run}`;
    const [start, event] = await Promise.all([
      host.call('POST', `orchestrators/collects/${id}`, { body, headers: json }),
      host.call('POST', `instances/${id}/raiseEvent/tick`, { body: '"kept"', headers: json }),
    ]);
    assert.equal(start.status, 202);
    assert.ok(event.status === 202 || event.status === 404, `${event.status}`);
    if (event.status === 202) assert.deepEqual((await host.reaches(id)).output, ['kept']);
    else await host.call('POST', `instances/${id}/terminate`);
  }
});

test('event names may hold anything a URL can carry, and are told apart by case', async () => {
  for (const [index, name] of ['plain', 'ż ółć', 'a/b', '50%', 'x+y', 'q?a=b#c'].entries()) {
    const id = `names-${index}`;
    await host.start('collects', id, { name, count: 1 });
    const other = `instances/${id}/raiseEvent/${encodeURIComponent(name.toUpperCase())}x`;
    assert.equal((await host.call('POST', other, { body: '"other"', headers: json })).status, 202);
    const own = `instances/${id}/raiseEvent/${encodeURIComponent(name)}`;
    assert.equal((await host.call('POST', own, { body: '"own"', headers: json })).status, 202);
    assert.deepEqual((await host.reaches(id)).output, ['own'], name);
  }
});

test('an event without a name, or with one part too many, is refused and reaches nobody', async () => {
  await waiting('parts');
  for (const path of ['raiseEvent', 'raiseEvent/', 'raiseEvent/go/on']) {
    assert.equal((await host.call('POST', `instances/parts/${path}`, { body: '1', headers: json })).status, 400, path);
  }
  await host.call('POST', 'instances/parts/raiseEvent/go', { body: '"right"', headers: json });
  assert.equal((await host.reaches('parts')).output, 'right');
});

test('terminating ends an instance with the reason as its output, suspended or not', async () => {
  await waiting('terminate');
  const reply = await host.call('POST', 'instances/terminate/terminate?reason=not%20needed%20%2B%20%C5%BC');
  assert.deepEqual([reply.status, reply.text], [202, '']);
  const { runtimeStatus, output } = await host.reaches('terminate');
  assert.deepEqual([runtimeStatus, output], ['Terminated', 'not needed + ż']);
  await waiting('terminate-held');
  await host.call('POST', 'instances/terminate-held/suspend');
  await host.reaches('terminate-held', 'Suspended');
  await host.call('POST', 'instances/terminate-held/terminate');
  assert.equal((await host.reaches('terminate-held')).runtimeStatus, 'Terminated');
});

test('terminating reaches the sub-orchestrations too', async () => {
  await host.start('hasChild', 'family');
  await host.tells('family-child');
  await host.call('POST', 'instances/family/terminate');
  assert.equal((await host.reaches('family-child')).runtimeStatus, 'Terminated');
});

test('a suspended instance keeps its events until it is resumed', async () => {
  await waiting('held');
  assert.equal((await host.call('POST', 'instances/held/suspend?reason=lunch')).status, 202);
  await host.reaches('held', 'Suspended');
  assert.equal(
    (await host.call('POST', 'instances/held/raiseEvent/go', { body: '"kept"', headers: json })).status,
    202,
  );
  assert.equal((await host.call('GET', 'instances/held')).json.runtimeStatus, 'Suspended');
  assert.equal((await host.call('POST', 'instances/held/resume?reason=back')).status, 202);
  assert.equal((await host.reaches('held')).output, 'kept');
  const { historyEvents } = (await host.call('GET', 'instances/held?showHistory=true')).json;
  const reasons = historyEvents!.filter(({ Reason }) => Reason).map(({ EventType, Reason }) => [EventType, Reason]);
  assert.deepEqual(reasons, [
    ['ExecutionSuspended', 'lunch'],
    ['ExecutionResumed', 'back'],
  ]);
});

test('orders are known in any case, and an unknown one does nothing', async () => {
  await waiting('orders');
  for (const path of ['explode', 'terminate/now', 'terminate/now/please', 'purge', '']) {
    assert.equal((await host.call('POST', `instances/orders/${path}`)).status, 404, path);
  }
  assert.equal((await host.call('GET', 'instances/orders')).json.runtimeStatus, 'Running');
  assert.equal((await host.call('POST', 'instances/orders/TERMINATE')).status, 202);
  assert.equal((await host.reaches('orders')).runtimeStatus, 'Terminated');
});

test('a rewind lets a failed instance go on, and is refused for any other', async () => {
  const unknown = await host.call('POST', 'instances/nobody/rewind?reason=x');
  assert.equal(unknown.status, 404);
  await host.start('isMended', 'mended');
  assert.equal((await host.reaches('mended')).runtimeStatus, 'Failed');
  const reply = await host.call('POST', 'instances/mended/rewind?reason=mended');
  assert.deepEqual([reply.status, reply.text], [202, '']);
  assert.equal((await host.reaches('mended', 'Completed')).output, 'mended');
  const again = await host.call('POST', 'instances/mended/rewind?reason=again');
  assert.equal(again.status, 412);
  assert.match(String(again.json), /Only a failed instance.*'mended' is Completed/);
});
