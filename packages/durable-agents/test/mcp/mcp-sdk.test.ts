import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { mcpTools } from '../../src/mcp.ts';
import { startHttpServer } from './http-server.ts';
import { namesOf } from './support.ts';
import { weatherServer } from './weather-server.ts';

/** What `code` prints in a process of its own; it has `mcpTools`, `context`, and a `resolve` hook. */
async function printed(hook: string, code: string): Promise<unknown> {
  const door = JSON.stringify(new URL('../../src/mcp.ts', import.meta.url).href);
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve(specifier, context, next) {
      if (specifier.startsWith('@modelcontextprotocol/')) { loaded.push(specifier); ${hook} }
      return next(specifier, context);
    } });
    const { mcpTools } = await import(${door});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const source = mcpTools({ transport: { url: 'http://127.0.0.1:1' } });
    const context = { signal: new AbortController().signal, log };
    process.stdout.write(JSON.stringify(await (async () => { ${code} })()));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

test('the SDK is loaded at the first use of a source and not before', async () => {
  assert.deepEqual(await printed('', 'return loaded;'), []);
  const loaded = await printed('', 'await source.tools(context).catch(() => {}); return loaded.length > 0;');
  assert.equal(loaded, true);
});

test('without the SDK the error says what to install', async () => {
  const code = 'return source.tools(context).catch(({ code, fix }) => ({ code, fix }));';
  assert.deepEqual(await printed("throw new Error('Cannot find package');", code), {
    code: 'mcpSdkMissing',
    fix: 'Run "npm install @modelcontextprotocol/sdk".',
  });
});

test('servers are told the version of this package', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const servers: ReturnType<typeof weatherServer>[] = [];
  const http = await startHttpServer(() => {
    const server = weatherServer();
    servers.push(server);
    return server;
  });
  t.after(() => http.stop());
  const source = mcpTools({ transport: { url: http.url } });
  t.after(() => source.close());
  await namesOf(source);
  assert.deepEqual(servers[0]?.server.getClientVersion(), { name: 'durable-agents', version });
});
