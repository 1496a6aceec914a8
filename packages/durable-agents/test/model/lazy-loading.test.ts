import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Packages that are resolved while `code` runs in a process of its own. `core` and `openai` are the two doors. */
async function packagesLoadedBy(code: string): Promise<string[]> {
  const door = (name: string) => JSON.stringify(new URL(`../../src/${name}.ts`, import.meta.url).href);
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ resolve(specifier, context, next) { loaded.add(specifier); return next(specifier, context); } });
    const core = await import(${door('index')});
    const openai = await import(${door('openai')});
    ${code}
    process.stdout.write(JSON.stringify([...loaded].filter((name) => ['openai', '@azure/identity'].includes(name))));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    // Only the credential that looks at (absent) settings: the others would go to the network.
    env: { ...process.env, AZURE_OPENAI_API_KEY: '', AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' },
  });
  return JSON.parse(stdout) as string[];
}

const call = `.complete({ messages: [], tools: [], options: {} }, { signal: new AbortController().signal }).catch(() => {});`;
const azure = (rest: string) =>
  `new openai.OpenAIChatClient({ model: 'm', azure: { endpoint: 'http://127.0.0.1:1', ${rest} } })`;

test('importing the doors and making a client loads neither openai nor @azure/identity', async () => {
  assert.deepEqual(await packagesLoadedBy(azure('')), []);
});

test('the first call loads openai, and @azure/identity only where an identity is needed', async () => {
  assert.deepEqual(await packagesLoadedBy(`await ${azure("apiKey: 'k'")}${call}`), ['openai']);
  assert.deepEqual(await packagesLoadedBy(`await ${azure('')}${call}`), ['openai', '@azure/identity']);
});
