import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LocalHost } from '../../src/host.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { endOf, startOrchestration } from './fixtures/durable-status.ts';
import { eventually } from './fixtures/eventually.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

const APP = `
const { app, input, output } = require('@azure/functions');
const df = require('durable-functions');
const queue = output.storageQueue({ queueName: 'q', connection: 'c', name: 'letters' });
const blob = input.storageBlob({ path: 'p', connection: 'c', name: 'page' });

app.http('writes', {
  extraOutputs: [queue],
  handler: (request, context) => {
    if (request.query.has('write')) context.extraOutputs.set(queue, ['a letter']);
    return { body: 'answered' };
  },
});
app.http('reads', {
  extraInputs: [blob],
  handler: (request, context) => ({ jsonBody: { page: context.extraInputs.get(blob) ?? 'undefined' } }),
});
app.timer('returns', { schedule: '0 0 0 1 1 *', return: queue, handler: () => 'a letter' });
app.http('alsoHttp', {
  extraOutputs: [output.http({ name: 'second' })],
  handler: () => ({ body: 'plain' }),
});
app.storageQueue('polls', { queueName: 'q', connection: 'c', return: queue, handler: () => 1 });
df.app.activity('stores', { extraOutputs: [queue], handler: (value, context) => { context.extraOutputs.set(queue, value); } });
df.app.orchestration('callsIt', function* (context) { return (yield context.df.callActivity('stores', 'x')) ?? 'nothing'; });
df.app.activity('stubborn', { retry: { strategy: 'fixedDelay', maxRetryCount: 1, delayInterval: 5 }, handler: () => 1 });
app.http('upper', { route: 'twin/{id}', handler: () => ({ body: 'upper' }) });
app.http('lower', { route: 'twin/{key}', methods: ['GET'], handler: () => ({ body: 'lower' }) });
app.http('begins', {
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => ({ body: await df.getClient(context).startNew('callsIt', { instanceId: 'by-client' }) }),
});
`;

const { logger, entries } = recordingLogger();
const warnings = () => entries.filter(({ level }) => level === 'warning').map(({ message }) => message);
let host: LocalHost;
let atStart: string[];
before(async () => {
  const files = { 'package.json': { main: 'app.js' }, 'app.js': APP };
  host = await LocalHost.start({ appDirectory: createAppFolder(files), port: 0, logger });
  atStart = warnings();
});
after(() => host.stop(0));

test('what this host does not serve is named at the start, with what to do, and the rest runs', async () => {
  assert.deepEqual(
    atStart.map((message) => message.split('. ')[0]?.split(', which')[0]),
    [
      'Function "polls" has a queueTrigger',
      'Function "writes" has the queue output "letters"',
      'Function "reads" has the blob input "page"',
      'Function "returns" has the queue output "$return"',
      'Function "stores" has the queue output "letters"',
      'Function "stubborn" has a retry policy',
      'Functions "upper" and "lower" both answer GET /api/twin/{key}',
    ],
  );
  for (const message of atStart.slice(0, 5)) {
    assert.match(message, /Run it with "func start" or on Azure, or /);
  }
  assert.match(atStart[5] ?? '', /callActivityWithRetry/);
  assert.equal(await (await fetch(`${host.url}/api/alsoHttp`)).text(), 'plain');
  assert.equal(await (await fetch(`${host.url}/api/twin/1`)).text(), 'upper');
});

const since = (name: string) =>
  warnings()
    .slice(atStart.length)
    .filter((message) => message.includes(`"${name}"`));

test('an output that is set is named in the log once, one that is not set never', async () => {
  assert.equal(await (await fetch(`${host.url}/api/writes`)).text(), 'answered');
  assert.deepEqual(since('writes'), []);
  for (let i = 0; i < 3; i++) {
    assert.equal(await (await fetch(`${host.url}/api/writes?write`)).text(), 'answered');
  }
  assert.equal(since('writes').length, 1);
  assert.match(since('writes')[0] ?? '', /queue output "letters".*does not write; its values are dropped/);
});

test('an input without a value is named in the log once', async () => {
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await (await fetch(`${host.url}/api/reads`)).json(), { page: 'undefined' });
  }
  assert.equal(since('reads').length, 1);
  assert.match(since('reads')[0] ?? '', /blob input "page".*does not read; it will be undefined/);
});

test('a return value for an output that is not served is named in the log', async () => {
  await fetch(`${host.url}/admin/functions/returns`, { method: 'POST', body: '{}' });
  await eventually('the warning', () => since('returns')[0]);
});

test('an activity whose output is dropped says so, and its result is not touched', async () => {
  await startOrchestration(host.url, 'callsIt', 'stores');
  assert.equal((await endOf(host.url, 'stores')).output, 'nothing');
  assert.equal(since('stores').length, 1);
});

test('a durable client comes through the extra inputs', async () => {
  assert.equal(await (await fetch(`${host.url}/api/begins`)).text(), 'by-client');
  assert.equal((await endOf(host.url, 'by-client')).runtimeStatus, 'Completed');
});
