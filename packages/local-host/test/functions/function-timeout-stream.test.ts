import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { loadApp } from '../../src/functions/app-loader.ts';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { createAppFolder } from './fixtures/app-folder.ts';
import { eventually } from './fixtures/eventually.ts';
import { recordingLogger } from './fixtures/recording-logger.ts';

const limited = { timeout: 20_000 };

const APP = `
import { app } from '@azure/functions';
app.setup({ enableHttpStream: true });
globalThis.gates = {};
const gate = (name) => new Promise((resolve) => { globalThis.gates[name] = resolve; });
app.http('silent', { handler: () => gate('silent') });
app.http('stream', {
  handler: () => ({ body: (async function* () { yield 'begin'; await gate('stream'); yield 'more'; yield 'end'; })() }),
});
app.http('quick', { handler: () => ({ body: 'in time' }) });
`;

const { logger, text: logged } = recordingLogger();
const server = new FunctionsHttpServer({ port: 0, logger });
const { url } = await server.listen();
const app = await loadApp({
  appDirectory: createAppFolder({ 'package.json': { type: 'module', main: 'app.js' }, 'app.js': APP }),
  logger,
  functionTimeoutMs: 300,
});
server.serve(app);
after(async () => {
  await server.stop(0);
  await app.stop();
});
const gates = (globalThis as unknown as { gates: Record<string, () => void> }).gates;

test('when the time is up before anything was sent, the answer is 500', limited, async () => {
  const response = await fetch(`${url}/api/silent`);
  assert.deepEqual([response.status, await response.text()], [500, '']);
});

test('when the time is up in the middle of a stream, the connection is cut and the host goes on', limited, async () => {
  const response = await fetch(`${url}/api/stream`);
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
  gates.stream?.();
  await eventually('the late end', () => /Function 'stream' .* (ended|failed) after/.exec(logged())?.[0]);
  assert.equal(await (await fetch(`${url}/api/quick`)).text(), 'in time');
});
