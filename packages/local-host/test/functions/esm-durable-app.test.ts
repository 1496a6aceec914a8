import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { loadApp } from '../../src/functions/app-loader.ts';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { CLIENT_DATA, DURABLE_APP, FIRST_EPISODE } from './fixtures/durable-app.ts';

process.env.WEBSITE_HOSTNAME = 'localhost:7071';
const app = await loadApp({
  appDirectory: createAppFolder({
    'package.json': { type: 'module', main: 'functions/*.js' },
    'functions/app.js': DURABLE_APP,
  }),
  resolveInput: (binding) => (binding.type === 'durableClient' ? { string: JSON.stringify(CLIENT_DATA) } : undefined),
});

const find = (name: string) => {
  const fn = app.find(name);
  assert.ok(fn, name);
  return fn;
};

interface OrchestratorState {
  isDone: boolean;
  actions: { functionName: string; input: unknown }[][];
}

test('an ES module app registers its durable functions', () => {
  assert.deepEqual(
    app.functions.map((fn) => [fn.name, fn.trigger.type]),
    [
      ['double', 'activityTrigger'],
      ['twice', 'orchestrationTrigger'],
      ['counter', 'entityTrigger'],
      ['start', 'httpTrigger'],
    ],
  );
});

test('an episode gives the same answer through text and with live objects', async () => {
  const asText = await app.invoke(find('twice'), {
    trigger: { kind: 'data', data: { string: JSON.stringify(FIRST_EPISODE) } },
  });
  const live = await app.invoke(find('twice'), {
    trigger: { kind: 'live', value: structuredClone(FIRST_EPISODE) },
    raw: true,
  });
  const text = (asText.returnValue as { json: string }).json;
  const state = JSON.parse(text) as OrchestratorState;
  assert.equal(state.isDone, false);
  assert.deepEqual(
    state.actions[0]?.map(({ functionName, input }) => [functionName, input]),
    [['double', 21]],
  );
  assert.equal(JSON.stringify(live.returnValue), text);
});

test('what the durable library hangs on the context can be inspected afterwards', async () => {
  const { context } = await app.invoke(find('twice'), {
    trigger: { kind: 'live', value: structuredClone(FIRST_EPISODE) },
    raw: true,
  });
  assert.equal((context.df as { instanceId: string }).instanceId, 'i1');
});

test('an entity batch runs', async () => {
  const batch = {
    self: { name: 'counter', key: 'k' },
    exists: false,
    state: null,
    batch: [{ name: 'add', input: '5' }],
  };
  const done = await app.invoke(find('counter'), { trigger: { kind: 'live', value: batch }, raw: true });
  assert.equal((done.returnValue as { entityState: string }).entityState, '5');
});

test('a durable client in an HTTP function works with the data of the provider', async () => {
  const server = new FunctionsHttpServer({ port: 0 });
  const { url } = await server.listen();
  after(() => server.stop(0));
  server.serve(app);
  const response = await fetch(`${url}/api/start/abc`);
  const body = (await response.json()) as { hub: string; location: string };
  assert.equal(body.hub, 'TestHub');
  assert.equal(body.location, `${url}/runtime/webhooks/durabletask/instances/abc`);
});
