import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DurableHost, eventually, type Json, request } from './durable-host.ts';

const host = await DurableHost.start();

// The client calls the host's loopback address, or the public URLs where it is given none.
for (const urls of ['loopback', 'public'] as const) {
  const client = (method: string, ...args: unknown[]) =>
    urls === 'public' ? host.publicClient(method, ...args) : host.client(method, ...args);
  const id = (text: string) => `${urls}-${text}`;
  const started = async (name: string, instanceId: string, input?: unknown) => {
    assert.equal(await client('startNew', name, { instanceId, input }), instanceId);
    return instanceId;
  };

  describe(`the durable client over its ${urls} URLs`, () => {
    test('startNew starts with id, input and version, and gives an id where none is asked for', async () => {
      const options = { instanceId: id('start'), input: { a: [1, 'ż'] }, version: '3.0' };
      assert.equal(await client('startNew', 'echo', options), id('start'));
      assert.deepEqual((await host.reaches(id('start'))).output, { input: { a: [1, 'ż'] }, version: '3.0' });
      assert.match(String(await client('startNew', 'echo')), /^[0-9a-f]{32}$/);
    });

    test('startNew without input gives the orchestrator an empty text', async () => {
      await started('echo', id('empty'));
      assert.equal((await host.reaches(id('empty'))).output!.input, '');
    });

    test('startNew is told why it was refused', async () => {
      const refused = (name: string, instanceId: string, message: RegExp) =>
        assert.rejects(client('startNew', name, { instanceId }), { message });
      await refused('nothing', id('refused'), /status code: 400.*'nothing' doesn't exist/);
      await refused('echo', '@x@y', /status code: 400.*start with '@'/);
      await started('waits', id('twice'));
      await refused('echo', id('twice'), /status code: 409.*already exists/);
    });

    test('getStatus reads the record, and rejects an unknown id', async () => {
      await started('echo', id('status'), 7);
      await host.reaches(id('status'));
      const status = await client('getStatus', id('status'), { showInput: true });
      assert.deepEqual([status.name, status.instanceId, status.runtimeStatus], ['echo', id('status'), 'Completed']);
      assert.deepEqual([status.input, status.output], [7, { input: 7, version: '' }]);
      assert.ok(Math.abs(Date.parse(String(status.createdTime)) - Date.now()) < 60_000);
      await assert.rejects(client('getStatus', id('nobody')), { message: /HTTP 404/ });
    });

    test('raiseEvent delivers, rejects what is unknown or has no data, and says nothing after the end', async () => {
      await started('waits', id('event'));
      await assert.rejects(client('raiseEvent', id('event'), 'go'), { message: /status code: 400/ });
      await client('raiseEvent', id('event'), 'go', { by: 'Ann' });
      assert.deepEqual((await host.reaches(id('event'))).output, { by: 'Ann' });
      assert.equal(await client('raiseEvent', id('event'), 'go', 1), null);
      const unknown = client('raiseEvent', id('nobody'), 'go', 1);
      await assert.rejects(unknown, { message: `No instance with ID '${id('nobody')}' found.` });
    });

    test('terminate, suspend and resume do what they say, and reject an unknown id', async () => {
      await started('waits', id('orders'));
      await client('suspend', id('orders'), 'lunch');
      await host.reaches(id('orders'), 'Suspended');
      await client('resume', id('orders'), 'back');
      await host.reaches(id('orders'), 'Running');
      await client('terminate', id('orders'), 'enough');
      const { runtimeStatus, output } = await host.reaches(id('orders'));
      assert.deepEqual([runtimeStatus, output], ['Terminated', 'enough']);
      for (const order of ['terminate', 'suspend', 'resume']) {
        assert.equal(await client(order, id('orders'), 'late'), null);
        await assert.rejects(client(order, id('nobody'), ''), { message: /No instance with ID/ });
      }
    });

    test('rewind lets a failed instance go on, and says why it does not', async () => {
      await started('isMended', id('mended'));
      await host.reaches(id('mended'), 'Failed');
      await client('rewind', id('mended'), 'mended');
      assert.equal((await host.reaches(id('mended'), 'Completed')).output, 'mended');
      await assert.rejects(client('rewind', id('mended'), 'again'), { message: /is Completed/ });
      await assert.rejects(client('rewind', id('nobody'), ''), { message: /No instance with ID/ });
    });

    test('terminate without a reason sends the text the client makes of it', async () => {
      await started('waits', id('no-reason'));
      await client('terminate', id('no-reason'));
      assert.equal((await host.reaches(id('no-reason'))).output, 'undefined');
    });

    test('the client finds what it started, filtered, over more pages than one', async () => {
      const createdTimeFrom = new Date().toISOString();
      const many = Array.from({ length: 130 }, (_, i) => id(`many-${i}`));
      await Promise.all(many.map((instanceId) => host.start('echo', instanceId, instanceId)));
      await Promise.all(many.map((instanceId) => host.reaches(instanceId)));
      const idsOf = (rows: Json) =>
        rows.map(({ instanceId }) => String(instanceId)).filter((text) => text.startsWith(id('many-')));
      assert.deepEqual(idsOf(await client('getStatusAll')).sort(), many.toSorted());
      const runtimeStatus = ['Completed'];
      assert.deepEqual(idsOf(await client('getStatusBy', { createdTimeFrom, runtimeStatus })).sort(), many.toSorted());
      assert.deepEqual(await client('getStatusBy', { createdTimeFrom, runtimeStatus: ['Failed'] }), []);
      assert.deepEqual(idsOf(await client('getStatusBy', { createdTimeTo: '2020-01-01T00:00:00Z' })), []);
    });

    test('purging one or many reports how many are gone', async () => {
      await started('echo', id('purge-1'));
      await host.reaches(id('purge-1'));
      assert.deepEqual(await client('purgeInstanceHistory', id('purge-1')), { instancesDeleted: 1 });
      assert.deepEqual(await client('purgeInstanceHistory', id('purge-1')), { instancesDeleted: 0 });
      const createdTimeFrom = new Date().toISOString();
      for (const name of ['purge-2', 'purge-3']) {
        await started('fails', id(name));
        await host.reaches(id(name));
      }
      const failed = { createdTimeFrom, createdTimeTo: '2100-01-01T00:00:00Z', runtimeStatus: ['Failed'] };
      assert.deepEqual(await client('purgeInstanceHistoryBy', failed), { instancesDeleted: 2 });
      assert.deepEqual(await client('purgeInstanceHistoryBy', failed), { instancesDeleted: 0 });
    });

    test('entities are signalled and read, with and without input', async () => {
      const counter = { entity: 'Counter', key: id('counter') };
      assert.deepEqual(await client('readEntityState', counter), { entityExists: false });
      await client('signalEntity', counter, 'add', 5);
      await client('signalEntity', counter, 'add');
      const state = await eventually('both signals', async () => {
        const read = await client('readEntityState', counter);
        return Number(read.entityState) === 6 ? read : undefined;
      });
      assert.deepEqual(state, { entityExists: true, entityState: 6 });
    });

    test('the management payload and the check-status response lead to the instance', async () => {
      await started('waits', id('payload'));
      const payload = await client('createHttpManagementPayload', id('payload'));
      assert.equal(payload.id, id('payload'));
      assert.equal((await request('GET', String(payload.statusQueryGetUri))).status, 202);
      const start = `${host.host.url}/api/start/waits?urls=${urls}`;
      const check = await request('POST', start, { body: { instanceId: id('check') } });
      assert.equal(check.status, 202);
      assert.equal(check.headers.get('location'), String(check.json.statusQueryGetUri));
      assert.equal(check.headers.get('retry-after'), '10');
      const sendEvent = String(check.json.sendEventPostUri).replace('{eventName}', 'go');
      assert.equal((await request('POST', sendEvent, { body: { ok: 1 } })).status, 202);
      assert.deepEqual((await host.reaches(id('check'))).output, { ok: 1 });
    });

    test('waiting for the end gives the output, the failed record as a 500, or the links when it takes too long', async () => {
      const wait = async (instanceId: string, timeoutInMilliseconds: number) =>
        request('POST', `${host.host.url}/api/wait?urls=${urls}`, {
          body: { id: instanceId, timeoutInMilliseconds, retryIntervalInMilliseconds: 10 },
        });
      const done = await wait(await started('echo', id('wait-done'), 1), 10_000);
      assert.deepEqual([done.status, done.json], [200, { input: 1, version: '' }]);
      const failed = await wait(await started('fails', id('wait-failed')), 10_000);
      assert.deepEqual([failed.status, failed.json.runtimeStatus], [500, 'Failed']);
      const open = await wait(await started('waits', id('wait-open')), 30);
      assert.deepEqual([open.status, open.json.id], [202, id('wait-open')]);
    });

    test('ids with blanks and signs are the same for the client and in the links it gives', async () => {
      for (const name of ['order 7 + 8', 'order 7 + 8%2', '50%', '%zz', 'ż-🧵', 'a&b=c', "it's (one)"]) {
        const instanceId = id(name);
        await started('waits', instanceId);
        assert.equal((await client('getStatus', instanceId)).instanceId, instanceId);
        const links = await client('createHttpManagementPayload', instanceId);
        const status = await request('GET', String(links.statusQueryGetUri));
        assert.deepEqual([status.status, status.json.instanceId], [202, instanceId]);
        assert.equal((await request('GET', status.headers.get('location') ?? '')).json.instanceId, instanceId);
        await client('raiseEvent', instanceId, 'go', name);
        assert.equal((await host.reaches(instanceId)).output, name);
        assert.deepEqual(await client('purgeInstanceHistory', instanceId), { instancesDeleted: 1 });
      }
    });
  });
}
