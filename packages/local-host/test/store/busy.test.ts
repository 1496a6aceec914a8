import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mock, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { bodies, message, temporaryFolder } from './support.ts';

function locked(t: TestContext) {
  const folder = temporaryFolder(t);
  const store = SqliteStore.open(folder);
  const foreign = new DatabaseSync(join(folder, 'state.db'));
  foreign.exec('BEGIN IMMEDIATE');
  t.after(() => {
    foreign.close();
    store.close();
  });
  return { store, foreign };
}

test('a foreign lock is waited for without holding up the process, and all goes through in order', async (t) => {
  const { store, foreign } = locked(t);
  let settled = 0;
  const commits = ['1', '2'].map((body) => store.commit({ outgoing: [message(body)] }).finally(() => settled++));
  await pause(60);
  const late = store.commit({ outgoing: [message('3')] });
  // The timer fires and reading works while the lock is held.
  await pause(60);
  assert.deepEqual(bodies(store), []);
  assert.equal(settled, 0);
  foreign.exec('ROLLBACK');
  await Promise.all([...commits, late]);
  assert.deepEqual(bodies(store), ['1', '2', '3']);
  assert.deepEqual(store.health(), { ok: true });
});

test('a foreign lock that is not given back in time rejects what waits, and nothing of it is stored', async (t) => {
  const { store, foreign } = locked(t);
  const now = Date.now();
  mock.method(Date, 'now', () => now + clock);
  t.after(() => mock.restoreAll());
  let clock = 0;
  const waiting = store.commit({ outgoing: [message('lost')] });
  await pause(50);
  clock = 5_001;
  await assert.rejects(waiting, { code: 'busy', message: /locked by another program/ });
  assert.deepEqual({ ...store.health(), problem: '' }, { ok: false, since: now + 5_001, problem: '' });
  foreign.exec('ROLLBACK');
  await store.commit({ outgoing: [message('kept')] });
  assert.deepEqual(bodies(store), ['kept']);
  assert.deepEqual(store.health(), { ok: true });
});
