import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LocalHost } from '../../src/host.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { endOf, startOrchestration } from './fixtures/durable-status.ts';
import { eventually } from './fixtures/eventually.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

/** What waits for ever is to fail. */
const limited = { timeout: 30_000 };

const APP = `
const { app } = require('@azure/functions');
const df = require('durable-functions');
const gates = (globalThis.gates = {});
const gate = (name) => new Promise((resolve, reject) => { gates[name] = { resolve, reject }; });

app.http('slow', { handler: async () => { await gate('http'); return { body: 'too late' }; } });
app.http('breaks', { handler: () => gate('breaks') });
app.http('quick', { handler: () => ({ body: 'in time' }) });
app.timer('tick', { schedule: '0 0 0 1 1 *', handler: () => gate('timer') });
df.app.activity('hangs', { handler: () => gate('activity') });
df.app.activity('echo', { handler: (value) => value });
df.app.entity('Account', async (context) => {
  if (context.df.operationName === 'hang') await gate('entity');
  context.df.setState('set by ' + context.df.operationName);
  context.df.return(context.df.operationName);
});
df.app.orchestration('callsActivity', function* (context) {
  try { yield context.df.callActivity('hangs'); } catch (error) { return error.message; }
});
df.app.orchestration('callsEntity', function* (context) {
  const id = new df.EntityId('Account', 'a');
  yield context.df.callEntity(id, 'open');
  try { yield context.df.callEntity(id, 'hang'); } catch (error) { return error.message; }
});
df.app.orchestration('isHeld', function* (context) { return yield context.df.callActivity('echo', 1); });
app.hook.preInvocation((context) => context.invocationContext.functionName === 'isHeld' ? gate('hook') : undefined);
`;

const { logger, entries, text: logged } = recordingLogger();
let host: LocalHost;
before(async () => {
  const files = { 'package.json': { main: 'app.js' }, 'app.js': APP, 'host.json': { functionTimeout: '00:00:01' } };
  host = await LocalHost.start({ appDirectory: createAppFolder(files), port: 0, logger });
});
after(() => host.stop(0));

type Gates = Record<string, { resolve(value?: unknown): void; reject(error: Error): void }>;
const gates = () => (globalThis as unknown as { gates: Gates }).gates;

test(
  'a request whose function takes too long is answered 500; its late result is logged and ignored',
  limited,
  async () => {
    const response = await fetch(`${host.url}/api/slow`);
    assert.deepEqual([response.status, await response.text()], [500, '']);
    const failure = entries.find(({ message }) => message.startsWith('Function "slow" failed'));
    assert.match(
      String(failure?.error),
      /Timeout value of 00:00:01 exceeded by function 'slow'\. Raise functionTimeout/,
    );
    assert.match(logged(), /Function 'slow' \(invocation [\w-]+\) is over its time\. JavaScript cannot be stopped/);
    gates().http?.resolve();
    await eventually('the late end', () => /Function 'slow' .* ended after 00:00:0\d/.exec(logged())?.[0]);
  },
);

test('a late failure is logged with its error', limited, async () => {
  assert.equal((await fetch(`${host.url}/api/breaks`)).status, 500);
  gates().breaks?.reject(new Error('late trouble'));
  const late = await eventually('the late end', () =>
    entries.find(({ message }) => message.startsWith("Function 'breaks' ") && message.includes('failed after')),
  );
  assert.match(String(late.error), /late trouble/);
});

test('what ends in time is not touched by the limit', limited, async () => {
  const response = await fetch(`${host.url}/api/quick`);
  assert.deepEqual([response.status, await response.text()], [200, 'in time']);
  assert.doesNotMatch(logged(), /'quick'/);
});

test('an activity that takes too long fails, and its late result changes nothing', limited, async () => {
  await startOrchestration(host.url, 'callsActivity', 'activity');
  const { output } = await endOf(host.url, 'activity');
  assert.match(
    String(output),
    /^Activity function 'hangs' failed: Timeout value of 00:00:01 exceeded by function 'hangs'\./,
  );
  gates().activity?.resolve('late');
  await eventually('the late end', () => /Function 'hangs' .* ended after/.exec(logged())?.[0]);
  assert.equal((await endOf(host.url, 'activity')).output, output);
});

test('an entity operation that takes too long fails, and the state stays as it was', limited, async () => {
  await startOrchestration(host.url, 'callsEntity', 'entity');
  const { output } = await endOf(host.url, 'entity');
  assert.match(String(output), /Timeout value of 00:00:01 exceeded by function 'Account'\./);
  gates().entity?.resolve();
  await eventually('the late end', () => /Function 'Account' .* ended after/.exec(logged())?.[0]);
  const state = await fetch(`${host.url}/runtime/webhooks/durabletask/entities/Account/a`);
  assert.equal(await state.json(), 'set by open');
});

test('an orchestrator that is held up too long fails', limited, async () => {
  await startOrchestration(host.url, 'isHeld', 'held');
  const { runtimeStatus, output } = await endOf(host.url, 'held');
  assert.equal(runtimeStatus, 'Failed');
  assert.match(String(output), /^Orchestrator function 'isHeld' failed: Timeout value of 00:00:01 exceeded/);
});

test('a timer function that takes too long has failed', limited, async () => {
  await fetch(`${host.url}/admin/functions/tick`, { method: 'POST', body: '{}' });
  const failure = await eventually('the failure', () =>
    entries.find(({ message }) => message.startsWith('Timer function "tick" failed')),
  );
  assert.match(String(failure.error), /Timeout value of 00:00:01 exceeded by function 'tick'\./);
});
