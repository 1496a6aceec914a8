import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAppFolder } from './fixtures/app-folder.ts';
import { endOf, startOrchestration } from './fixtures/durable-status.ts';
import { HostProcess } from './fixtures/host-process.ts';

const APP = `
const { app } = require('@azure/functions');
const df = require('durable-functions');
const events = [];
const note = (text) => { events.push(text); };

app.hook.appStart((context) => { note('start 1'); context.hookData.set = true; });
app.hook.appStart(async (context) => { await null; note('start 2 ' + context.hookData.set); });
app.hook.appTerminate((context) => { console.log('terminate 1 ' + JSON.stringify(context.hookData)); });
app.hook.appTerminate(async () => { await null; console.log('terminate 2'); });

const watched = (context) => /^(asks|doubles|refuses|plans|tells|stumbles)$/.test(context.invocationContext.functionName);
const name = (context) => context.invocationContext.functionName;
app.hook.preInvocation(async (context) => {
  if (!watched(context)) return;
  await null;
  context.hookData.from = name(context);
  note('pre 1 ' + name(context));
});
app.hook.preInvocation((context) => {
  if (!watched(context)) return;
  note('pre 2 ' + context.hookData.from);
  if (name(context) === 'doubles') context.inputs = [context.inputs[0] + 1];
  if (name(context) === 'plans') {
    const handler = context.functionHandler;
    context.functionHandler = (...args) => { note('handler of plans'); return handler(...args); };
  }
});
app.hook.postInvocation((context) => {
  if (!watched(context)) return;
  note('post 1 ' + context.hookData.from + ' ' + (context.error?.message ?? 'ok'));
  if (name(context) === 'asks') context.result = { ...context.result, status: 203 };
  if (name(context) === 'doubles') context.result = { value: context.result, input: context.inputs[0] };
  if (name(context) === 'refuses') context.result = 'no longer';
  if (name(context) === 'refuses') context.error = undefined;
  if (name(context) === 'stumbles') context.error = new Error('told by the hook');
});
app.hook.postInvocation((context) => { if (watched(context)) note('post 2 ' + name(context) + ' ' + typeof context.result); });
app.hook.log((context) => {
  if (context.category !== 'user' || !context.invocationContext || name(context) !== 'tells') return;
  context.hookData.lines = (context.hookData.lines ?? 0) + 1;
  context.message = 'seen ' + context.hookData.from + ' ' + context.hookData.lines + ': ' + context.message;
  if (context.message.includes('raise')) context.level = 'error';
  if (context.message.includes('secret')) context.level = 'none';
});

app.http('asks', { handler: () => ({ body: 'asked' }) });
app.http('stumbles', { handler: () => ({ body: 'fine' }) });
app.http('tells', {
  handler: (request, context) => {
    context.log('first'); context.debug('raise this'); context.error('a secret'); context.log('last');
    return {};
  },
});
df.app.activity('doubles', { handler: (value) => value * 2 });
df.app.activity('refuses', { handler: () => { throw new Error('refused'); } });
df.app.orchestration('plans', function* (context) {
  return [yield context.df.callActivity('doubles', 10), yield context.df.callActivity('refuses')];
});
app.http('events', { handler: () => ({ jsonBody: events.splice(0) }) });
`;

for (const args of [[], ['--strict']]) {
  describe(`hooks of an app${args.map((arg) => ` (${arg})`).join('')}`, () => {
    const app = createAppFolder({ 'package.json': { main: 'app.js' }, 'app.js': APP });
    let host: HostProcess;
    before(async () => {
      const data = join(app, 'state');
      mkdirSync(data);
      host = await HostProcess.start({ app, data, args });
    });
    after(() => host.stop());
    const events = () => host.json('/api/events');

    test('appStart hooks run in order, one after the other, and share their data', async () => {
      assert.deepEqual(await events(), ['start 1', 'start 2 true']);
    });

    test('around a request: in order, with shared data; the response can be replaced', async () => {
      const response = await fetch(`${host.url}/api/asks`);
      assert.deepEqual([response.status, await response.text()], [203, 'asked']);
      assert.deepEqual(await events(), ['pre 1 asks', 'pre 2 asks', 'post 1 asks ok', 'post 2 asks object']);
    });

    test('an error that a hook sets is the outcome', async () => {
      assert.equal((await fetch(`${host.url}/api/stumbles`)).status, 500);
      assert.match(host.text, /told by the hook/);
      await events();
    });

    test('around activities and each episode of an orchestrator: inputs, handlers, results and errors can be replaced', async () => {
      await startOrchestration(host.url, 'plans', 'p');
      const { runtimeStatus, output } = await endOf(host.url, 'p');
      assert.deepEqual([runtimeStatus, output], ['Completed', [{ value: 22, input: 11 }, 'no longer']]);
      const episode = ['pre 1 plans', 'pre 2 plans', 'handler of plans', 'post 1 plans ok', 'post 2 plans object'];
      const seen = (await events()) as string[];
      assert.deepEqual(seen, [
        ...episode,
        ...['pre 1 doubles', 'pre 2 doubles', 'post 1 doubles ok', 'post 2 doubles object'],
        ...episode,
        ...['pre 1 refuses', 'pre 2 refuses', 'post 1 refuses refused', 'post 2 refuses string'],
        ...episode,
      ]);
    });

    test('log hooks see the data of their invocation and may change text and level', async () => {
      await fetch(`${host.url}/api/tells`);
      assert.deepEqual(host.lines('seen tells'), [
        'seen tells 1: first',
        'seen tells 2: raise this',
        'seen tells 4: last',
      ]);
      assert.doesNotMatch(host.text, /secret/);
    });

    test('appTerminate hooks run in order when the host stops', async () => {
      await host.stop();
      assert.deepEqual(host.lines('terminate'), ['terminate 1 {}', 'terminate 2']);
    });
  });
}
