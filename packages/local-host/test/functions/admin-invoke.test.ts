import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LocalHost } from '../../src/host.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { eventually } from './fixtures/eventually.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

const APP = `
const { app } = require('@azure/functions');
const df = require('durable-functions');
const runs = (globalThis.adminRuns = []);
const note = (value, context) => { runs.push({ name: context.functionName, value }); };
app.http('page', { handler: () => ({ body: 'x' }) });
app.timer('tick', { schedule: '0 0 0 1 1 *', handler: note });
app.timer('off', { schedule: '0 0 0 1 1 *', handler: note });
app.timer('odd', { schedule: 'now and then', handler: note });
app.storageQueue('letters', { queueName: 'q', connection: 'c', handler: note });
app.storageQueue('breaks', { queueName: 'q', connection: 'c', handler: () => { throw new Error('torn'); } });
df.app.activity('works', { handler: () => 1 });
df.app.orchestration('conducts', function* () {});
df.app.entity('Counter', () => {});
`;

interface AdminRun {
  readonly name: string;
  readonly value: unknown;
}

const { logger, entries } = recordingLogger();
let host: LocalHost;
before(async () => {
  const files = {
    'package.json': { main: 'app.js' },
    'app.js': APP,
    'local.settings.json': { Values: { 'AzureWebJobs.off.Disabled': 'true' } },
  };
  host = await LocalHost.start({ appDirectory: createAppFolder(files), port: 0, logger });
});
after(() => host.stop(0));

async function invoke(name: string, body: string, method = 'POST') {
  const init = method === 'GET' ? { method } : { method, body, headers: { 'content-type': 'application/json' } };
  const response = await fetch(`${host.url}/admin/functions/${name}`, init);
  return { status: response.status, text: await response.text(), allow: response.headers.get('allow') };
}

const runOf = (name: string) =>
  eventually(`a run of ${name}`, () => {
    const { adminRuns } = globalThis as unknown as { adminRuns: AdminRun[] };
    const index = adminRuns.findIndex((run) => run.name === name);
    return index < 0 ? undefined : adminRuns.splice(index, 1)[0];
  });

test('a function without a request of its own is run with the given input', async () => {
  const { status, text } = await invoke('Letters', '{"input": "dear"}');
  assert.deepEqual([status, text], [202, '']);
  assert.equal((await runOf('letters')).value, 'dear');
  await invoke('letters', '{"input": "{\\"to\\": [1]}"}');
  assert.deepEqual((await runOf('letters')).value, { to: [1] });
});

test('without an input the function gets none', async () => {
  for (const body of ['{}', '{"input": null}']) {
    assert.equal((await invoke('letters', body)).status, 202);
    assert.equal((await runOf('letters')).value, undefined);
  }
});

test('a timer function gets what its schedule would give it, also when it is switched off', async () => {
  for (const name of ['tick', 'off']) {
    assert.equal((await invoke(name, '{"input": ""}')).status, 202);
    const timer = (await runOf(name)).value as { scheduleStatus: { last: string; next: string } };
    assert.deepEqual(
      { ...timer, scheduleStatus: undefined },
      {
        schedule: { adjustForDST: true },
        scheduleStatus: undefined,
        isPastDue: false,
      },
    );
    assert.match(timer.scheduleStatus.next, /^\d{4}-01-01T00:00:00\.000Z$/);
    assert.equal(timer.scheduleStatus.last, '0001-01-01T00:00:00');
  }
});

test('a timer function whose schedule cannot be read is refused with the reason', async () => {
  const { status, text } = await invoke('odd', '{}');
  assert.equal(status, 400);
  assert.match(text, /"now and then" is not a schedule.*six fields/);
});

test('a failure is in the log', async () => {
  assert.equal((await invoke('breaks', '{}')).status, 202);
  const failure = await eventually('the failure', () =>
    entries.find(({ category, level }) => category === 'Function.breaks' && level === 'error'),
  );
  assert.match(String(failure.error), /torn/);
});

test('durable functions are refused with the way to run them, HTTP functions with theirs', async () => {
  for (const name of ['works', 'conducts', 'Counter']) {
    const { status, text } = await invoke(name, '{"input": "x"}');
    assert.equal(status, 400, name);
    assert.match(text, /durable client/, name);
  }
  const { status, text } = await invoke('page', '{"input": "x"}');
  assert.equal(status, 400);
  assert.match(text, /own URL/);
});

test('a malformed body is refused', async () => {
  for (const body of ['', 'text', '[]', '"x"', 'null', '{"input": 5}', '{"input": {"a": 1}}']) {
    const { status, text } = await invoke('letters', body);
    assert.equal(status, 400, body);
    assert.match(text, /\{"input": "text"\}/, body);
  }
});

test('an unknown function is not found, and no other method runs one', async () => {
  assert.equal((await invoke('nobody', '{}')).status, 404);
  assert.equal((await invoke('letters/more', '{}')).status, 404);
  assert.equal((await invoke('%zz', '{}')).status, 404);
  const wrong = await invoke('letters', '{}', 'PUT');
  assert.deepEqual([wrong.status, wrong.allow], [405, 'POST']);
  assert.equal((await invoke('letters', '', 'GET')).status, 405);
});

test('the list of functions is still there', async () => {
  const list = (await (await fetch(`${host.url}/admin/functions`)).json()) as { name: string }[];
  assert.equal(list.length, 9);
});
