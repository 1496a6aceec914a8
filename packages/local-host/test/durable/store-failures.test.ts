import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { ApiRequest } from '../../src/durable/api-types.ts';
import { DurableHttpApi } from '../../src/durable/http-api.ts';
import { StoreError, type StoreErrorCode } from '../../src/store/store-error.ts';
import { Harness, until } from '../hub/harness.ts';

const post = (segments: string[], body = '1'): ApiRequest => ({
  method: 'POST',
  segments,
  query: new URLSearchParams(),
  contentType: 'application/json',
  continuation: undefined,
  body,
});

async function started(t: TestContext): Promise<{ harness: Harness; api: () => DurableHttpApi }> {
  const harness = await new Harness().start();
  t.after(() => harness.dispose());
  return { harness, api: () => new DurableHttpApi(harness.hub, { origin: 'http://localhost', taskHub: 'hub' }) };
}

test('what the store cannot take is refused with a status that fits, and nothing is acknowledged', async (t) => {
  const { harness, api } = await started(t);
  const commit = harness.store.commit.bind(harness.store);
  const cases: [StoreErrorCode, number][] = [
    ['diskFull', 507],
    ['busy', 503],
    ['readOnly', 503],
    ['diskFailed', 503],
    ['damaged', 500],
  ];
  for (const [code, status] of cases) {
    harness.store.commit = () => Promise.reject(new StoreError(code, 'in /secret/folder'));
    const reply = await api().handle(post(['orchestrators', 'sequence', `at-${code}`]));
    assert.equal(reply.status, status, code);
    assert.ok(!reply.body.includes('/secret'), 'no path reaches the caller');
    assert.equal(reply.headers['retry-after'], status === 503 ? '1' : undefined);
    harness.store.commit = commit;
    assert.equal(harness.hub.instance(`at-${code}`), undefined);
    assert.equal((await api().handle(post(['orchestrators', 'sequence', `at-${code}`]))).status, 202, 'later it works');
    assert.equal((await harness.end(`at-${code}`)).status, 'Completed');
  }
});

test('a damaged instance and a damaged entity are left alone and named; all others go on', async (t) => {
  const { harness, api } = await started(t);
  await harness.hub.startOrchestration({ name: 'nested', instanceId: 'hurt', input: '{"depth":0}' });
  await until(() => (harness.hub.instance('hurt')?.status === 'Running' ? true : undefined), 'it to wait');
  await harness.hub.signalEntity({ name: 'Counter', key: 'hurt' }, 'add', '1');
  await until(() => harness.hub.entity({ name: 'Counter', key: 'hurt' }), 'the entity');
  await harness.stop();
  const db = new DatabaseSync(join(harness.folder, 'state.db'));
  db.exec('UPDATE instances SET checksum = checksum + 1; UPDATE entities SET checksum = checksum + 1;');
  db.close();
  await harness.start();
  const status = await api().handle({ ...post(['instances', 'hurt']), method: 'GET' });
  assert.equal(status.status, 500);
  assert.match(status.body, /damaged/);
  assert.equal((await api().handle(post(['entities', 'Counter', 'hurt']))).status, 202, 'a message is kept for it');
  assert.equal((await api().handle({ ...post(['entities', 'Counter', 'hurt']), method: 'GET' })).status, 500);
  const list = await api().handle({ ...post(['entities', 'Counter']), method: 'GET' });
  assert.equal(JSON.parse(list.body).length, 1, 'a list shows that it is there');
  assert.equal((await harness.run('sequence')).status, 'Completed');
  assert.equal([...harness.store.messages('entity')].length, 1, 'the message still waits');
});

test('a purge by time takes more instances than one page has', async (t) => {
  const { harness, api } = await started(t);
  const ids = Array.from({ length: 1_100 }, (_, i) => `many-${i}`);
  await Promise.all(ids.map((instanceId) => harness.run('version', 'x', instanceId)));
  const query = new URLSearchParams({ createdTimeFrom: '2000-01-01T00:00:00Z' });
  const reply = await api().handle({ ...post(['instances']), method: 'DELETE', query });
  assert.deepEqual(JSON.parse(reply.body), { instancesDeleted: 1_100 });
  assert.deepEqual(harness.hub.instances({ limit: 1 }), []);
});
