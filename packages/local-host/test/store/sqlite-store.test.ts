import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Instance, Outgoing } from '../../src/engine/instance.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';

function folder(t: { after(fn: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const outgoing = (body: string): Outgoing => ({ lane: 'entity', target: '@a@b', due: 0, tag: null, body });

function instance(instanceId: string, status: Instance['status'], createdAt = 1): Instance {
  const base = {
    version: '',
    executionId: 'x',
    input: null,
    output: null,
    customStatus: null,
    updatedAt: 1,
    parent: null,
  };
  return { ...base, instanceId, name: 'n', status, createdAt };
}

test('messages keep the order of acceptance over a restart, and their ids go on growing', async (t) => {
  const path = folder(t);
  const store = SqliteStore.open(path);
  const first = await Promise.all(['1', '2', '3'].map((body) => store.commit({ outgoing: [outgoing(body)] })));
  await store.commit({ consume: [first[1]![0]!.id] });
  store.close();
  const again = SqliteStore.open(path);
  assert.deepEqual(
    [...again.messages('entity')].map(({ body }) => body),
    ['1', '3'],
  );
  const [next] = await again.commit({ outgoing: [outgoing('4')] });
  assert.ok(next!.id > first[2]![0]!.id);
  again.close();
});

test('a commit that cannot be applied changes nothing, and the ones beside it stand', async (t) => {
  const store = SqliteStore.open(folder(t));
  await store.commit({
    instance: instance('i', 'Running'),
    history: { instanceId: 'i', replace: false, from: 0, events: ['"a"'] },
  });
  const results = await Promise.allSettled([
    store.commit({ outgoing: [outgoing('before')] }),
    // Position 0 is taken: the whole commit must go, its message too.
    store.commit({
      outgoing: [outgoing('lost')],
      history: { instanceId: 'i', replace: false, from: 0, events: ['"b"'] },
    }),
    store.commit({ outgoing: [outgoing('after')] }),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(
    [...store.messages('entity')].map(({ body }) => body),
    ['before', 'after'],
  );
  assert.deepEqual(store.history('i'), ['"a"']);
  store.close();
});

test('events that leave a gap, or could not be told apart, are refused', async (t) => {
  const store = SqliteStore.open(folder(t));
  t.after(() => store.close());
  const add = (from: number, ...events: string[]) =>
    store.commit({ history: { instanceId: 'i', replace: false, from, events } });
  await assert.rejects(add(0, '1'), { code: 'outOfStep' });
  await store.commit({ instance: instance('i', 'Running') });
  await add(0, '1', '2');
  await assert.rejects(add(1, '3'), { code: 'outOfStep' });
  await assert.rejects(add(3, '3'), { code: 'outOfStep' });
  await assert.rejects(add(2, '"3"\n'), TypeError);
  await add(2, '3');
  assert.deepEqual(store.history('i'), ['1', '2', '3']);
  assert.deepEqual(store.health(), { ok: true });
});

test('instances are listed by status, time and prefix, page after page', async (t) => {
  const store = SqliteStore.open(folder(t));
  for (const [id, status, at] of [
    ['a1', 'Completed', 10],
    ['a2', 'Running', 20],
    ['b1', 'Completed', 30],
  ] as const) {
    await store.commit({ instance: instance(id, status, at) });
  }
  const ids = (query: Parameters<SqliteStore['instances']>[0]) =>
    store.instances(query).map(({ instanceId }) => instanceId);
  assert.deepEqual(ids({ limit: 10, statuses: ['Completed'] }), ['a1', 'b1']);
  assert.deepEqual(ids({ limit: 10, createdFrom: 20 }), ['a2', 'b1']);
  assert.deepEqual(ids({ limit: 10, createdTo: 20, idPrefix: 'a' }), ['a1', 'a2']);
  assert.deepEqual(ids({ limit: 1, after: 'a1' }), ['a2']);
  store.close();
});

test('an entity without state is gone, and a purged instance takes its history and timers along, and no start that waits for its id', async (t) => {
  const store = SqliteStore.open(folder(t));
  await store.commit({ entity: { id: '@a@b', state: '1', exists: true, lastOperationAt: 1, lock: null } });
  assert.equal(store.entity('@a@b')?.state, '1');
  await store.commit({ entity: { id: '@a@b', state: null, exists: false, lastOperationAt: 2, lock: null } });
  assert.equal(store.entity('@a@b'), undefined);
  await store.commit({
    instance: instance('i', 'Completed'),
    history: { instanceId: 'i', replace: true, from: 0, events: ['1'] },
    outgoing: [
      { ...outgoing('timer'), lane: 'orchestration', target: 'i', tag: 'timer:1' },
      // May be the start of a new one that takes the id over.
      { ...outgoing('start'), lane: 'orchestration', target: 'i' },
    ],
  });
  await store.commit({ purge: ['i'] });
  assert.deepEqual([store.instance('i'), store.history('i')], [undefined, []]);
  assert.deepEqual(
    [...store.messages('orchestration')].map(({ body }) => body),
    ['start'],
  );
  store.close();
});

test('data of a newer version is refused untouched, and a closed store refuses to pretend', async (t) => {
  const path = folder(t);
  const store = SqliteStore.open(path);
  store.close();
  await assert.rejects(store.commit({ outgoing: [outgoing('late')] }), { code: 'dataClosed' });
  const db = new DatabaseSync(join(path, 'state.db'));
  db.exec('PRAGMA user_version = 99');
  db.close();
  assert.throws(() => SqliteStore.open(path), { code: 'newerData' });
});
