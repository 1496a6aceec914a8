import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, recordingLogger, runContext } from '../agent/support.ts';
import { callTool, namesOf, stdioSource, toolsOf } from './support.ts';

test('the tools of a server process are an agent’s tools, under names that a model may use', async (t) => {
  const source = stdioSource(t, { include: ['forecast.get', 'measure'] });
  const [forecast, measure] = await toolsOf(source);
  assert.equal(forecast?.name, 'forecast_get');
  assert.equal(forecast.description, 'Forecast of a city.');
  assert.deepEqual(forecast.parametersJsonSchema.required, ['city']);
  assert.deepEqual([forecast.readOnly, measure?.readOnly], [true, false]);
  assert.equal(await callTool(source, 'forecast_get', { city: 'Oslo', days: 2 }), 'Sun in Oslo for 2 day(s).');
});

test('arguments that do not fit the server’s schema go back to the model without a call', async (t) => {
  const source = stdioSource(t);
  const { code, message } = errorOf(await callTool(source, 'forecast_get', { city: 'Oslo', days: 8 }));
  assert.equal(code, 'invalidArguments');
  assert.match(message, /days/);
});

test('structured content, images and failures each have their form', async (t) => {
  const source = stdioSource(t);
  assert.deepEqual(await callTool(source, 'measure'), { celsius: 21 });
  assert.deepEqual(await callTool(source, 'picture'), [
    'The sky:',
    { type: 'data', mediaType: 'image/png', encoding: 'base64', data: 'iVBORw0KGgo=' },
  ]);
  assert.deepEqual(errorOf(await callTool(source, 'fail')), {
    code: 'toolFailed',
    message: 'Tool "fail" failed. McpToolError: The station is closed.',
  });
});

test('one process serves all uses of a source, also those that begin at the same time', async (t) => {
  const source = stdioSource(t);
  const pids = await Promise.all([1, 2, 3].map(() => callTool(source, 'pid')));
  assert.equal(new Set([...pids, await callTool(source, 'pid')]).size, 1);
});

test('a server that dies in a call ends that call with a warning, and is started again for the next', async (t) => {
  const source = stdioSource(t);
  const before = await callTool(source, 'pid');
  const { code, message } = errorOf(await callTool(source, 'die'));
  assert.equal(code, 'toolFailed');
  assert.match(message, /connection with "weather" was lost\. The call may have taken effect/);
  assert.notEqual(await callTool(source, 'pid'), before);
});

test('a tool taken from a source before its server died works with the new one', async (t) => {
  const source = stdioSource(t);
  const pid = (await toolsOf(source)).find(({ name }) => name === 'pid');
  const before = Number(await callTool(source, 'pid'));
  process.kill(before, 'SIGKILL');
  const again = { name: 'old list', tools: async () => [pid!], close: async () => {} };
  const after = Number(await callTool(again, 'pid'));
  assert.ok(after > 0 && after !== before);
});

test('the list follows the server when it announces a change, and is the same one otherwise', async (t) => {
  const source = stdioSource(t);
  const first = await source.tools(runContext());
  assert.equal(await source.tools(runContext()), first);
  assert.equal(await callTool(source, 'grow'), 'grown');
  assert.ok((await namesOf(source)).includes('grown'));
  assert.equal(await callTool(source, 'grown'), 'new');
});

test('the time limit of a call aborts it at the server too', async (t) => {
  const source = stdioSource(t, { timeoutMs: 50 });
  assert.equal(errorOf(await callTool(source, 'stuck')).code, 'toolTimeout');
  assert.equal(await callTool(source, 'forecast_get', { city: 'Oslo' }), 'Sun in Oslo for 1 day(s).');
});

test('progress of the server’s tool is progress of the call', async (t) => {
  const source = stdioSource(t);
  const events: unknown[] = [];
  await callTool(source, 'walk', {}, runContext({ onEvent: (event) => events.push(event) }));
  assert.deepEqual(events, [{ callId: 'call_1', name: 'walk', data: { progress: 1, total: 2, message: 'half way' } }]);
});

test('a server process gets the variables that were given, and none of this process’s secrets', async (t) => {
  process.env.PARENT_SECRET = 'hidden';
  t.after(() => {
    delete process.env.PARENT_SECRET;
  });
  const source = stdioSource(t, { env: { STATION: 'north' } });
  assert.equal(await callTool(source, 'env'), 'north/undefined');
});

test('a server that does not start makes the source unavailable; why is in the log and not in the error', async (t) => {
  const source = stdioSource(t, { args: ['--broken'] });
  const log = recordingLogger();
  await assert.rejects(toolsOf(source, runContext({ log })), (error: Error & Record<string, unknown>) => {
    assert.deepEqual([error.code, error.retryable], ['toolSourceUnavailable', true]);
    assert.equal(error.message, 'The tools of "weather" are not available.');
    return true;
  });
  assert.match(JSON.stringify(log.lines), /no such station/);
});

test('a command that does not exist makes the source unavailable', async (t) => {
  const source = stdioSource(t, { transport: { command: 'no-such-command-anywhere' } });
  await assert.rejects(toolsOf(source), { code: 'toolSourceUnavailable' });
});

test('a run that is stopped while the server starts does not stop it for others', async (t) => {
  const source = stdioSource(t);
  const controller = new AbortController();
  const stopped = toolsOf(source, runContext({ signal: controller.signal }));
  const other = namesOf(source);
  controller.abort(new Error('stopped'));
  await assert.rejects(stopped, { code: 'canceled' });
  assert.ok((await other).includes('pid'));
});

test('after close the process is gone, and the next use starts another', async (t) => {
  const source = stdioSource(t);
  const pid = Number(await callTool(source, 'pid'));
  await source.close();
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  assert.notEqual(Number(await callTool(source, 'pid')), pid);
});

test('exclude leaves tools out, a prefix stands before the rest, and a missing tool is named in the log', async (t) => {
  const log = recordingLogger();
  const source = stdioSource(t, { include: ['pid', 'fail', 'absent'], exclude: ['fail'], prefix: 'w_' });
  assert.deepEqual(
    (await toolsOf(source, runContext({ log }))).map(({ name }) => name),
    ['w_pid'],
  );
  assert.deepEqual(log.lines[0]?.fields?.missing, ['absent']);
});

test('approval is decided by the server’s name of the tool and the arguments', async (t) => {
  const source = stdioSource(t, {
    prefix: 'w_',
    needsApproval: (name, { city }) => name === 'forecast.get' && city === 'Oslo',
  });
  const forecast = (await toolsOf(source)).find(({ name }) => name === 'w_forecast_get');
  const rule = forecast?.needsApproval as (args: object) => boolean;
  assert.deepEqual([rule({ city: 'Oslo' }), rule({ city: 'Rome' })], [true, false]);
});
