import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurableHost, eventually, type Json } from './durable-host.ts';

const host = await DurableHost.start();
const json = { 'content-type': 'application/json' };

/** Signals an entity and waits until its state is what the signal makes of it. */
const signal = async (
  key: string,
  query: string,
  body: string,
  state: unknown,
  headers: Record<string, string> = json,
) => {
  const path = `entities/counter/${encodeURIComponent(key)}`;
  const reply = await host.call('POST', `${path}?${query}`, { body, headers });
  assert.deepEqual([reply.status, reply.text], [202, '']);
  await reads(path, state);
};

const reads = (path: string, state: unknown) =>
  eventually(`${path} to be ${JSON.stringify(state)}`, async () => {
    const { status, text } = await host.call('GET', path);
    return status === 200 && text === JSON.stringify(state) ? true : undefined;
  });

const keys = (rows: Json) => rows.map(({ entityId }) => String(entityId!.key));

test('an entity that is not there is a 404, and its state is the body when it is', async () => {
  const missing = await host.call('GET', 'entities/counter/fresh');
  assert.deepEqual([missing.status, missing.text], [404, '']);
  await signal('fresh', 'op=add', '4', 4);
  const { status, headers, text } = await host.call('GET', 'entities/counter/fresh');
  assert.deepEqual([status, text], [200, '4']);
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
});

test('names are known in any case, keys are not', async () => {
  await signal('Case', 'op=add', '1', 1);
  assert.equal((await host.call('GET', 'ENTITIES/COUNTER/Case')).text, '1');
  assert.equal((await host.call('GET', 'entities/counter/case')).status, 404);
});

test('a JSON body is the input as JSON, any other body as text, and no body is no input', async () => {
  await signal('json', 'op=keep', '{"a":[1]}', { input: { a: [1] } });
  await signal('text', 'op=keep', '{"a":[1]}', { input: '{"a":[1]}' }, { 'content-type': 'text/plain' });
  await signal('xml', 'op=keep', '<a/>', { input: '<a/>' }, { 'content-type': 'application/xml' });
  await signal('none', 'op=add', '', 1);
  const cut = await host.call('POST', 'entities/counter/cut?op=keep', { body: '{"a":', headers: json });
  assert.equal(cut.status, 400);
  assert.match(String(cut.json.ExceptionMessage), /not valid JSON/);
  assert.equal((await host.call('GET', 'entities/counter/cut')).status, 404);
});

test('DELETE is the operation delete', async () => {
  await signal('gone', 'op=add', '1', 1);
  assert.equal((await host.call('DELETE', 'entities/counter/gone')).status, 202);
  await eventually('the entity to be gone', async () =>
    (await host.call('GET', 'entities/counter/gone')).status === 404 ? true : undefined,
  );
});

test('the key of no characters is written $ when it is read', async () => {
  assert.equal((await host.call('POST', 'entities/counter?op=add', { body: '3', headers: json })).status, 202);
  await reads('entities/counter/$', 3);
  await reads('entities/counter/%24', 3);
});

test('an entity needs a name', async () => {
  const { status, json } = await host.call('POST', 'entities?op=add');
  assert.equal(status, 400);
  assert.match(String(json.ExceptionMessage), /name/);
});

test('keys may hold anything a URL can carry, and each has a state of its own', async () => {
  const odd = ['a b', 'a+b', 'a/b', 'a\\b', 'a#b', 'a?b', 'a%2Fb', 'a@b', 'ż🧵', '50%', 'x'.repeat(500)];
  for (const [index, key] of odd.entries()) await signal(key, 'op=add', String(index + 1), index + 1);
  for (const [index, key] of odd.entries()) {
    assert.equal((await host.call('GET', `entities/counter/${encodeURIComponent(key)}`)).text, String(index + 1), key);
  }
});

test('one part too many names no entity, least of all the one of the parts before it', async () => {
  await signal('part', 'op=add', '1', 1);
  assert.equal((await host.call('GET', 'entities/counter/part/more')).status, 404);
  assert.equal(
    (await host.call('POST', 'entities/counter/part/more?op=add', { body: '1', headers: json })).status,
    404,
  );
  assert.equal((await host.call('DELETE', 'entities/counter/part/more')).status, 404);
  await signal('part', 'op=add', '10', 11);
});

test('the list tells of each entity when it was last used, and its state only when asked', async () => {
  await signal('listed', 'op=add', '9', 9);
  const { json } = await host.call('GET', 'entities/Counter');
  const row = json.find(({ entityId }) => String(entityId!.key) === 'listed');
  const { lastOperationTime, ...rest } = row!;
  assert.match(String(lastOperationTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.deepEqual(rest, { entityId: { name: 'counter', key: 'listed' } });
  const full = (await host.call('GET', 'entities/Counter?fetchState=true')).json;
  assert.equal(full.find(({ entityId }) => String(entityId!.key) === 'listed')!.state, 9);
  assert.deepEqual(keys((await host.call('GET', 'entities')).json), keys(json));
  assert.deepEqual((await host.call('GET', 'entities/nothing')).json, []);
});

test('the list comes in pages that end, and all of them together are the list', async () => {
  const all = keys((await host.call('GET', 'entities/counter')).json);
  for (const top of [1, 3, all.length]) {
    const seen: string[] = [];
    let token: string | null = '';
    while (token !== null) {
      const headers: Record<string, string> = token === '' ? {} : { 'x-ms-continuation-token': token };
      const page = await host.call('GET', `entities/counter?top=${top}`, { headers });
      assert.ok(page.json.length > 0 && page.json.length <= top);
      seen.push(...keys(page.json));
      token = page.headers.get('x-ms-continuation-token');
    }
    assert.deepEqual(seen, all);
  }
});

test('the list can be narrowed by the time of the last operation, page by page too', async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  const middle = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (const key of ['new-1', 'new-2', 'new-3']) await signal(key, 'op=add', '1', 1);
  const later = await host.call('GET', `entities/counter?lastOperationTimeFrom=${middle}`);
  assert.deepEqual(keys(later.json), ['new-1', 'new-2', 'new-3']);
  const earlier = keys((await host.call('GET', `entities?lastOperationTimeTo=${middle}`)).json);
  assert.ok(earlier.includes('fresh') && !earlier.includes('new-1'));
  const page = await host.call('GET', `entities?top=2&lastOperationTimeFrom=${middle}`);
  assert.deepEqual(keys(page.json), ['new-1', 'new-2']);
  const token = page.headers.get('x-ms-continuation-token') ?? '';
  const next = await host.call('GET', `entities?top=2&lastOperationTimeFrom=${middle}`, {
    headers: { 'x-ms-continuation-token': token },
  });
  assert.deepEqual([keys(next.json), next.headers.get('x-ms-continuation-token')], [['new-3'], null]);
  assert.equal((await host.call('GET', 'entities?lastOperationTimeTo=soon')).status, 400);
});

test('a signal to an entity that the app does not have is refused with the names it has', async () => {
  const { status, json: problem } = await host.call('POST', 'entities/nothing/x?op=add', { body: '1', headers: json });
  assert.equal(status, 400);
  assert.match(String(problem.ExceptionMessage), /'nothing'.*counter/is);
});
