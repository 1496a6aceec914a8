import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadApp } from '../../src/functions/app-loader.ts';
import { findUnsupported } from '../../src/functions/trigger-support.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

const APP = `
const { app, input, output } = require('@azure/functions');
const seen = (globalThis.seen = { events: [] });

app.hook.appStart((context) => seen.events.push(['appStart', Object.keys(context.hookData)]));
app.hook.appTerminate(() => seen.events.push(['appTerminate']));
app.hook.preInvocation((context) => {
  context.hookData.started = true;
  if (context.invocationContext.functionName === 'replaced') {
    context.inputs = ['from the hook'];
    const original = context.functionHandler;
    context.functionHandler = (...args) => 'wrapped:' + original(...args);
  }
});
app.hook.postInvocation((context) => {
  if (context.invocationContext.functionName === 'rescued') {
    context.result = 'rescued from ' + context.error.message + ', started ' + context.hookData.started;
    context.error = undefined;
  }
});
app.hook.log((context) => {
  context.message = context.message.replaceAll('secret', '***');
  if (context.message.includes('hush')) context.level = 'none';
});
try { require('@azure/functions-core').registerHook('noSuchHook', () => {}); } catch (error) { seen.hookError = error; }

app.setup({ capabilities: { MyCapability: true } });
app.http('hello', { route: 'hello/{name}', handler: async () => ({ body: 'hi' }) });
app.timer('tick', { schedule: '0 */5 * * * *', handler: (timer) => timer.isPastDue });
app.storageQueue('poison', { queueName: 'q', connection: 'c', handler: () => {} });
app.generic('echo', {
  trigger: { type: 'echoTrigger', name: 'payload' },
  extraInputs: [input.generic({ type: 'durableClient', name: 'client' }), input.generic({ type: 'other', name: 'other' })],
  extraOutputs: [output.generic({ type: 'table', name: 'row' })],
  retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { seconds: 3 } },
  handler: (value, context) => {
    context.log('saw a secret');
    context.warn('hush now');
    context.extraOutputs.set('row', { id: 1 });
    seen.last = { value, context, client: context.extraInputs.get('client'), other: context.extraInputs.get('other') };
    return value;
  },
});
app.generic('replaced', { trigger: { type: 'echoTrigger' }, handler: (value) => value });
app.generic('rescued', { trigger: { type: 'echoTrigger' }, handler: () => { throw new Error('the fire'); } });
app.generic('failing', { trigger: { type: 'echoTrigger' }, handler: () => { throw new TypeError('as it is'); } });
`;

interface Seen {
  events: unknown[][];
  hookError: RangeError & { isAzureFunctionsSystemError?: boolean };
  last: { value: unknown; client: unknown; other: unknown };
}

const folder = createAppFolder({ 'package.json': { main: 'src/{index.js,functions/*.js}' }, 'src/index.js': APP });
const { logger, entries } = recordingLogger();
const app = await loadApp({
  appDirectory: folder,
  logger,
  resolveInput: (binding) => (binding.type === 'durableClient' ? { string: '{"hub":"h"}' } : undefined),
});
const seen = (globalThis as unknown as { seen: Seen }).seen;
const find = (name: string) => {
  const fn = app.find(name);
  assert.ok(fn, name);
  return fn;
};

test('functions are registered with the bindings the library declares', () => {
  const dump = app.functions.map((fn) => [fn.name, fn.trigger.type, fn.trigger.direction]);
  assert.deepEqual(dump, [
    ['hello', 'httpTrigger', 'in'],
    ['tick', 'timerTrigger', 'in'],
    ['poison', 'queueTrigger', 'in'],
    ['echo', 'echoTrigger', 'in'],
    ['replaced', 'echoTrigger', 'in'],
    ['rescued', 'echoTrigger', 'in'],
    ['failing', 'echoTrigger', 'in'],
  ]);
  const { trigger, bindings } = find('HELLO');
  assert.equal(trigger.route, 'hello/{name}');
  assert.deepEqual(trigger.methods, ['GET', 'POST']);
  assert.equal(trigger.authLevel, 'anonymous');
  assert.deepEqual([bindings.$return?.type, bindings.$return?.direction], ['http', 'out']);
  assert.equal(find('echo').retryOptions?.maxRetryCount, 2);
  assert.deepEqual(find('echo').retryOptions?.delayInterval, { seconds: 3 });
});

test('capabilities are those of the worker and those the app sets', () => {
  assert.equal(app.capabilities.RawHttpBodyBytes, 'true');
  assert.equal(app.capabilities.MyCapability, 'true');
  assert.equal(app.streamUri, undefined);
});

test('an unknown hook is refused in the way the library recognises', () => {
  assert.equal(seen.hookError.name, 'RangeError');
  assert.equal(seen.hookError.isAzureFunctionsSystemError, true);
});

test('appStart hooks have run before the app is handed out', () => {
  assert.deepEqual(seen.events[0], ['appStart', []]);
});

test('a live input reaches the handler as the same object and its raw result comes back as it is', async () => {
  const value = { when: new Date(0) };
  const done = await app.invoke(find('echo'), { trigger: { kind: 'live', value }, raw: true });
  assert.equal(seen.last.value, value);
  assert.equal(done.returnValue, value);
  assert.equal(done.context.functionName, 'echo');
  assert.equal(done.context.invocationId, done.invocationId);
});

test('typed data goes through text both ways', async () => {
  const done = await app.invoke(find('echo'), { trigger: { kind: 'data', data: { string: '{"a":[1]}' } } });
  assert.deepEqual(seen.last.value, { a: [1] });
  assert.deepEqual(done.returnValue, { json: '{"a":[1]}' });
  assert.deepEqual(done.outputData, [{ name: 'row', data: { json: '{"id":1}' } }]);
  assert.deepEqual(done.result, { a: [1] });
});

test('missing trigger data is undefined for the handler', async () => {
  const done = await app.invoke(find('echo'), { trigger: { kind: 'data', data: {} } });
  assert.equal(seen.last.value, undefined);
  assert.equal(done.returnValue, undefined);
});

test('client bindings get the data of the provider, and given extra inputs win over it', async () => {
  await app.invoke(find('echo'), { trigger: { kind: 'live', value: 1 } });
  assert.deepEqual([seen.last.client, seen.last.other], [{ hub: 'h' }, undefined]);
  const other = new Map();
  await app.invoke(find('echo'), {
    trigger: { kind: 'live', value: 1 },
    extraInputs: { other: { kind: 'live', value: other }, client: { kind: 'data', data: { json: '{"hub":"given"}' } } },
  });
  assert.deepEqual(seen.last.client, { hub: 'given' });
  assert.equal(seen.last.other, other);
});

test('trigger metadata, retry and trace reach the context', async () => {
  const { context } = await app.invoke(find('echo'), {
    trigger: { kind: 'live', value: 1 },
    triggerMetadata: { InstanceId: { string: 'abc' } },
    retryContext: { retryCount: 1, maxRetryCount: 2 },
    traceContext: { traceParent: '00-1-2-01', attributes: {} },
    invocationId: 'my-id',
  });
  assert.deepEqual(context.triggerMetadata, { instanceId: 'abc' });
  assert.deepEqual(context.retryContext, { retryCount: 1, maxRetryCount: 2 });
  assert.deepEqual(context.traceContext, { traceParent: '00-1-2-01', attributes: {} });
  assert.equal(context.invocationId, 'my-id');
});

test('a preInvocation hook can replace inputs and handler', async () => {
  const done = await app.invoke(find('replaced'), { trigger: { kind: 'live', value: 'original' } });
  assert.deepEqual(done.returnValue, { string: 'wrapped:from the hook' });
});

test('a postInvocation hook can turn a failure into a result and sees the hook data', async () => {
  const done = await app.invoke(find('rescued'), { trigger: { kind: 'live', value: 1 }, raw: true });
  assert.equal(done.returnValue, 'rescued from the fire, started true');
});

test('what a handler throws is thrown on unchanged', async () => {
  const failure = app.invoke(find('failing'), { trigger: { kind: 'live', value: 1 } });
  await assert.rejects(failure, (error) => error instanceof TypeError && error.message === 'as it is');
});

test('timer data arrives in camel case', async () => {
  const data = { json: '{"IsPastDue":true}' };
  const done = await app.invoke(find('tick'), { trigger: { kind: 'data', data }, raw: true });
  assert.equal(done.returnValue, true);
});

test('log hooks change and silence user lines, which are logged under the name of the function', async () => {
  entries.length = 0;
  await app.invoke(find('echo'), { trigger: { kind: 'live', value: 1 } });
  const user = entries.filter((entry) => entry.category === 'Function.echo.User');
  assert.deepEqual(user, [{ level: 'information', category: 'Function.echo.User', message: 'saw a ***' }]);
});

test('after the start no function can be registered', () => {
  const { app: library } = createRequire(join(folder, 'package.json'))('@azure/functions') as {
    app: { generic(name: string, options: object): void };
  };
  const late = () => library.generic('late', { trigger: { type: 'echoTrigger' }, handler: () => 1 });
  assert.throws(late, { code: 'registrationClosed' });
});

test('a second app is refused in the same process', async () => {
  await assert.rejects(loadApp({ appDirectory: folder }), { code: 'appAlreadyLoaded' });
});

test('functions without a local trigger are reported by name and type, and stay loaded', () => {
  const unsupported = findUnsupported(app.functions, ['HttpTrigger', 'timerTrigger', 'echoTrigger']);
  assert.deepEqual(
    unsupported.map(({ name, triggerType }) => [name, triggerType]),
    [['poison', 'queueTrigger']],
  );
  assert.match(unsupported[0]?.message ?? '', /func start/);
});

test('appTerminate hooks run once, however often the app is stopped', async () => {
  await Promise.all([app.stop(), app.stop()]);
  await app.stop();
  assert.deepEqual(
    seen.events.filter(([name]) => name === 'appTerminate'),
    [['appTerminate']],
  );
});
