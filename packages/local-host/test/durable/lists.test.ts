import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { DurableHost, type Json } from './durable-host.ts';

const host = await DurableHost.start();

/** An instant that lies between what was started before and what is started after. */
const between = async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  const time = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  return time;
};

let middle: string;
before(async () => {
  for (const id of ['a-1', 'a-2', 'a-3']) await host.start('echo', id, id);
  for (const id of ['a-1', 'a-2', 'a-3']) await host.reaches(id);
  middle = await between();
  await host.start('waits', 'b-running', { large: true });
  await host.reaches('b-running', 'Running');
  await host.start('fails', 'b-failed');
  await host.reaches('b-failed');
  await host.start('waits', 'B-terminated');
  await host.call('POST', 'instances/B-terminated/terminate');
  await host.reaches('B-terminated');
});

const ids = (rows: Json) => rows.map(({ instanceId }) => String(instanceId));
const list = async (query: string) => {
  const { status, json, text } = await host.call('GET', `instances/?${query}`);
  assert.equal(status, 200, text);
  return ids(json).sort();
};

test('the list has every instance with its whole record', async () => {
  assert.deepEqual(await list(''), ['B-terminated', 'a-1', 'a-2', 'a-3', 'b-failed', 'b-running']);
  assert.equal((await host.call('GET', 'instances')).json.length, 6);
  const { json } = await host.call('GET', 'instances/?instanceIdPrefix=b-running');
  const { createdTime, lastUpdatedTime, ...row } = json[0]!;
  assert.ok(createdTime && lastUpdatedTime);
  assert.deepEqual(row, {
    name: 'waits',
    instanceId: 'b-running',
    runtimeStatus: 'Running',
    input: { large: true },
    customStatus: { waitsFor: 'go' },
    output: null,
  });
});

test('inputs are left out of a list on request', async () => {
  const { json } = await host.call('GET', 'instances/?showInput=false');
  assert.deepEqual(new Set(json.map(({ input }) => input)), new Set([null]));
});

test('a list can be narrowed by status, time and prefix, and by all of them', async () => {
  assert.deepEqual(await list('runtimeStatus=Failed'), ['b-failed']);
  assert.deepEqual(await list('runtimeStatus=Failed,%20Running'), ['b-failed', 'b-running']);
  assert.deepEqual(await list('runtimeStatus=Pending'), []);
  assert.deepEqual(await list('runtimeStatus='), await list(''));
  assert.deepEqual(await list(`createdTimeTo=${middle}`), ['a-1', 'a-2', 'a-3']);
  assert.deepEqual(await list(`createdTimeFrom=${middle}`), ['B-terminated', 'b-failed', 'b-running']);
  assert.deepEqual(await list(`createdTimeFrom=${middle}&createdTimeTo=${middle}`), []);
  assert.deepEqual(await list('instanceIdPrefix=b-'), ['b-failed', 'b-running']);
  assert.deepEqual(await list(`instanceIdPrefix=b-&runtimeStatus=Failed&createdTimeFrom=${middle}`), ['b-failed']);
  assert.deepEqual(await list(`instanceIdPrefix=a-&createdTimeFrom=${middle}`), []);
});

test('a time may carry a zone, its plus escaped or not', async () => {
  const zoned = `${new Date(Date.parse(middle) + 7_200_000).toISOString().slice(0, -1)}+02:00`;
  for (const text of [zoned, encodeURIComponent(zoned)]) {
    assert.deepEqual(await list(`createdTimeTo=${text}`), ['a-1', 'a-2', 'a-3'], text);
  }
});

test('pages follow each other through the token, and the last one has none', async () => {
  for (const top of [1, 2, 3, 5, 6, 7]) {
    const seen: string[] = [];
    let token: string | null = '';
    let pages = 0;
    while (token !== null) {
      const headers: Record<string, string> = token === '' ? {} : { 'x-ms-continuation-token': token };
      const page = await host.call('GET', `instances/?top=${top}`, { headers });
      assert.ok(page.json.length > 0 && page.json.length <= top);
      seen.push(...ids(page.json));
      token = page.headers.get('x-ms-continuation-token');
      pages++;
    }
    assert.equal(pages, Math.ceil(6 / top));
    assert.deepEqual(seen.sort(), await list(''));
  }
});

test('pages keep the filters, and what is started meanwhile repeats nothing', async () => {
  const first = await host.call('GET', 'instances/?top=2&instanceIdPrefix=a-');
  const token = first.headers.get('x-ms-continuation-token');
  assert.ok(token);
  await host.start('echo', 'a-0');
  await host.reaches('a-0');
  const second = await host.call('GET', 'instances/?top=2&instanceIdPrefix=a-', {
    headers: { 'x-ms-continuation-token': token },
  });
  assert.deepEqual([...ids(first.json), ...ids(second.json)], ['a-1', 'a-2', 'a-3']);
  assert.equal((await host.call('DELETE', 'instances/a-0')).status, 200);
});

test('a page size that is no count is as if it were not there', async () => {
  for (const top of ['0', '-1', 'many', '1.5', '']) assert.equal((await list(`top=${top}`)).length, 6, top);
});

test('a time that cannot be read is refused, so that nothing more is shown or purged than was asked for', async () => {
  for (const name of ['createdTimeFrom', 'createdTimeTo']) {
    const { status, json } = await host.call('GET', `instances/?${name}=yesterday`);
    assert.equal(status, 400);
    assert.match(String(json.ExceptionMessage), new RegExp(name));
  }
  const from = 'createdTimeFrom=2000-01-01T00:00:00Z';
  assert.equal((await host.call('DELETE', `instances/?${from}&createdTimeTo=yesterday`)).status, 400);
  assert.equal((await list('')).length, 6);
});

test('purging by filter needs a time to begin at', async () => {
  for (const query of ['', '?createdTimeFrom=', '?runtimeStatus=Completed', '?createdTimeTo=2100-01-01T00:00:00Z']) {
    const { status, json } = await host.call('DELETE', `instances/${query}`);
    assert.equal(status, 400, query);
    assert.match(String(json.ExceptionMessage), /createdTimeFrom/);
  }
  assert.equal((await list('')).length, 6);
});

test('purging by filter deletes what has ended and matches, and is a 404 when that is nothing', async () => {
  const all = 'createdTimeFrom=2000-01-01T00:00:00Z';
  for (const nothing of [
    'createdTimeFrom=2100-01-01T00:00:00Z',
    `${all}&runtimeStatus=Running`,
    `${all}&createdTimeTo=2000-01-02T00:00:00Z`,
  ]) {
    const { status, text } = await host.call('DELETE', `instances/?${nothing}`);
    assert.deepEqual([status, text], [404, ''], nothing);
  }
  const failed = await host.call('DELETE', `instances/?${all}&runtimeStatus=Failed,Terminated`);
  assert.deepEqual([failed.status, failed.json], [200, { instancesDeleted: 2 }]);
  const early = await host.call('DELETE', `instances/?${all}&createdTimeTo=${middle}`);
  assert.deepEqual(early.json, { instancesDeleted: 3 });
  assert.deepEqual(await list(''), ['b-running']);
});

test('purging one instance needs one that has ended', async () => {
  const running = await host.call('DELETE', 'instances/b-running');
  assert.deepEqual([running.status, running.text], [404, '']);
  await host.call('POST', 'instances/b-running/raiseEvent/go', { body: {} });
  await host.reaches('b-running');
  const purged = await host.call('DELETE', 'instances/b-running');
  assert.deepEqual([purged.status, purged.json], [200, { instancesDeleted: 1 }]);
  assert.equal((await host.call('DELETE', 'instances/b-running')).status, 404);
  assert.deepEqual(await list(''), []);
});
