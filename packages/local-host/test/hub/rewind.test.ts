import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Harness, until } from './harness.ts';

interface Service {
  breakService(key: string): void;
  mendService(key: string): void;
  countRuns(run: string): number;
}
const service = globalThis as unknown as Service;

for (const strict of [false, true]) {
  describe(`rewind (${strict ? 'strict' : 'live'})`, () => {
    const harness = new Harness({ strict });
    before(() => harness.start());
    after(() => harness.dispose());

    const failing = async (how: string) => {
      const key = `${how}-${strict}`;
      service.breakService(key);
      const instance = await harness.run('needsService', { key, how });
      assert.equal(instance.status, 'Failed');
      return { key, id: instance.instanceId, message: instance.output };
    };

    const wanted: Record<string, unknown> = {
      plain: 'second done',
      retry: 'second done',
      all: ['first done', 'second done', 'third done'],
      sub: ['first done', 'second done', 'after'],
      entity: 'second done',
      wrapped: 'second done',
    };
    for (const [how, second] of Object.entries(wanted)) {
      test(`what failed runs again and nothing else does (${how})`, async () => {
        const { key, id } = await failing(how);
        const firsts = service.countRuns(`first ${key}`);
        const seconds = service.countRuns(`second ${key}`);
        service.mendService(key);
        await harness.hub.rewind(id, 'mended');
        await until(() => (harness.hub.instance(id)?.status === 'Completed' ? true : undefined), 'the completion');
        const ended = harness.hub.instance(id);
        assert.deepEqual(JSON.parse(ended?.output ?? ''), ['first done', second, 'after']);
        assert.equal(service.countRuns(`first ${key}`), firsts, 'the finished step did not run again');
        if (how !== 'entity') assert.equal(service.countRuns(`second ${key}`), seconds + 1);
      });
    }

    test('a service that is still down fails the instance again, and it can be rewound once more', async () => {
      const { key, id, message } = await failing('again');
      const count = () => service.countRuns(`second ${key}`);
      const before = count();
      await harness.hub.rewind(id, 'too early');
      await until(() => (count() > before && harness.hub.instance(id)?.status === 'Failed' ? true : undefined), 'it');
      assert.equal(harness.hub.instance(id)?.output, message);
      service.mendService(key);
      await harness.hub.rewind(id, 'now');
      assert.equal((await until(() => completed(id), 'the completion')).status, 'Completed');
    });

    test('two rewinds at once count as one', async () => {
      const { key, id } = await failing('twice');
      service.mendService(key);
      const before = service.countRuns(`second ${key}`);
      await Promise.all([harness.hub.rewind(id, 'a'), harness.hub.rewind(id, 'b')]);
      await until(() => completed(id), 'the completion');
      assert.equal(service.countRuns(`second ${key}`), before + 1);
    });

    test('a rewound instance survives a restart of the host', async () => {
      const { key, id } = await failing('restart');
      service.mendService(key);
      await harness.hub.rewind(id, 'mended');
      await harness.stop();
      await harness.start();
      await until(() => completed(id), 'the completion');
    });

    test('only a failed instance can be rewound', async () => {
      const done = await harness.run('sequence');
      await assert.rejects(harness.hub.rewind(done.instanceId, ''), { code: 'instanceNotFailed' });
      await assert.rejects(harness.hub.rewind('nobody', ''), { code: 'instanceNotFound' });
    });

    test('an instance that failed while it held a lock stays failed, and its locks stay free', async () => {
      const { key, id } = await failing('locked');
      service.mendService(key);
      await harness.hub.rewind(id, 'mended');
      await until(() => ([...harness.store.messages('orchestration')].length === 0 ? true : undefined), 'the order');
      assert.equal(harness.hub.instance(id)?.status, 'Failed');
      assert.equal(harness.hub.entity({ name: 'Counter', key })?.lock ?? null, null);
    });

    const completed = (id: string) => {
      const instance = harness.hub.instance(id);
      return instance?.status === 'Completed' ? instance : undefined;
    };
  });
}
