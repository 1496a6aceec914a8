import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createConsoleLogger } from '../../src/cli/console-logger.ts';
import { loadApp } from '../../src/functions/app-loader.ts';
import { FunctionsHttpServer } from '../../src/functions/http-server.ts';
import { readSettings } from '../../src/functions/settings.ts';
import { createAppFolder } from './fixtures/app-folder.ts';

const APP = `
const { app } = require('@azure/functions');
for (const name of ['plain', 'chatty', 'silent', 'own', 'Cased']) {
  app.http(name, {
    handler: (request, context) => {
      for (const level of ['trace', 'debug', 'info', 'log', 'warn', 'error']) context[level](name, level, { n: 1 });
      return { body: 'x' };
    },
  });
}
`;

const logLevel = {
  DEFAULT: 'Error',
  Function: 'Warning',
  'Function.chatty': 'Trace',
  'Function.silent': 'None',
  'Function.own': 'None',
  'Function.own.User': 'Information',
  'FUNCTION.cased': 'Debug',
};

const folder = createAppFolder({
  'package.json': { main: 'app.js' },
  'app.js': APP,
  'host.json': { logging: { logLevel } },
});
const lines: string[] = [];
const stream = { write: (text: string) => lines.push(text.replace(/^\[\S+\] /, '').trimEnd()) };
const { logLevels } = readSettings(folder, {});
const logger = createConsoleLogger({ stream, logLevels, colors: false });
const server = new FunctionsHttpServer({ port: 0, logger });
const { url } = await server.listen();
after(() => server.stop(0));
server.serve(await loadApp({ appDirectory: folder, logger }));

async function run(name: string): Promise<string[]> {
  lines.length = 0;
  assert.equal((await fetch(`${url}/api/${name}`)).status, 200);
  return lines.map((line) => line.replace(/ in \d+ ms \(.*/, ''));
}

const said = (name: string, ...levels: string[]) => levels.map((level) => `${name} ${level} { n: 1 }`);

test("the threshold of all functions holds for a function's lines, and for the host's about it", async () => {
  assert.deepEqual(await run('plain'), said('plain', 'warn', 'error'));
});

test('a function may have its own threshold', async () => {
  const all = said('chatty', 'trace', 'debug', 'info', 'log', 'warn', 'error');
  assert.deepEqual(await run('chatty'), [...all, 'GET /api/chatty -> 200']);
});

test('None silences', async () => {
  assert.deepEqual(await run('silent'), []);
});

test("what a function's own code logs can be told from what the host says about it", async () => {
  assert.deepEqual(await run('own'), said('own', 'info', 'log', 'warn', 'error'));
});

test('categories are compared without regard to case', async () => {
  const own = said('Cased', 'debug', 'info', 'log', 'warn', 'error');
  assert.deepEqual(await run('Cased'), [...own, 'GET /api/Cased -> 200']);
});

test('everything else follows the default', () => {
  lines.length = 0;
  logger.warn('hidden');
  logger.error('shown');
  assert.deepEqual(lines, ['shown']);
});
