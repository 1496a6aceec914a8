import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ChatRequest } from '../../src/model/chat-client.ts';
import { type AzureOpenAIOptions, OpenAIChatClient } from '../../src/openai.ts';
import { completion, openAIServer, providerError } from './openai-server.ts';

const ask: ChatRequest = {
  messages: [{ role: 'user', contents: [{ type: 'text', text: 'Hi' }] }],
  tools: [],
  options: { maxOutputTokens: 9 },
};
const context = () => ({ signal: new AbortController().signal });

async function setUp(t: TestContext, path: string, options: Omit<AzureOpenAIOptions, 'endpoint'>) {
  const server = await openAIServer(t, completion({ role: 'assistant', content: 'Hello' }));
  const client = new OpenAIChatClient({
    model: 'my-deployment',
    azure: { endpoint: `${server.origin}${path}`, ...options },
  });
  return { server, client };
}

test('a key goes into the api-key header, to the deployment, with the API version', async (t) => {
  for (const path of ['', '/', '/openai/']) {
    const { server, client } = await setUp(t, path, { apiKey: 'azure-key' });
    await client.complete(ask, context());
    const { url, headers, body } = server.seen[0] ?? assert.fail();
    assert.equal(url, '/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21');
    assert.equal(headers['api-key'], 'azure-key');
    assert.equal(headers.authorization, undefined);
    assert.equal(body.max_completion_tokens, 9);
  }
});

test('another API version is used if given', async (t) => {
  const { server, client } = await setUp(t, '', { apiKey: 'azure-key', apiVersion: '2025-04-01-preview' });
  await client.complete(ask, context());
  assert.match(server.seen[0]?.url ?? '', /api-version=2025-04-01-preview$/);
});

test('a credential is asked for a token of the right scope, and it wins over a key of the environment', async (t) => {
  const before = process.env.AZURE_OPENAI_API_KEY;
  process.env.AZURE_OPENAI_API_KEY = 'key-of-environment';
  t.after(() => {
    if (before === undefined) delete process.env.AZURE_OPENAI_API_KEY;
    else process.env.AZURE_OPENAI_API_KEY = before;
  });
  const scopes: unknown[] = [];
  const credential = {
    getToken: async (scope: string | string[]) => {
      scopes.push(scope);
      return { token: 'entra-token', expiresOnTimestamp: 0 };
    },
  };
  const { server, client } = await setUp(t, '', { credential });
  await client.complete(ask, context());
  assert.deepEqual(scopes, ['https://cognitiveservices.azure.com/.default']);
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer entra-token');
  assert.equal(server.seen[0]?.headers['api-key'], undefined);
});

test('a token function is asked for each call', async (t) => {
  let calls = 0;
  const { server, client } = await setUp(t, '', { credential: async () => `token-${++calls}` });
  await client.complete(ask, context());
  await client.complete(ask, context());
  assert.deepEqual(
    server.seen.map(({ headers }) => headers.authorization),
    ['Bearer token-1', 'Bearer token-2'],
  );
});

test('a credential without a token fails with "modelUnauthorized" and says how to get one', async (t) => {
  for (const credential of [{ getToken: async () => null }, () => Promise.reject(new Error('not signed in'))]) {
    const { server, client } = await setUp(t, '', { credential });
    await assert.rejects(client.complete(ask, context()), { code: 'modelUnauthorized', fix: /az login/ });
    assert.equal(server.seen.length, 0);
  }
});

test('an endpoint of the v1 API is used without deployment path and version', async (t) => {
  const { server, client } = await setUp(t, '/openai/v1/', { apiKey: 'azure-key' });
  await client.complete(ask, context());
  assert.equal(server.seen[0]?.url, '/openai/v1/chat/completions');
  assert.equal(server.seen[0]?.body.model, 'my-deployment');
});

test('a settings OPENAI_BASE_URL does not disturb an Azure client', async (t) => {
  const before = process.env.OPENAI_BASE_URL;
  process.env.OPENAI_BASE_URL = 'http://127.0.0.1:1/v1';
  t.after(() => {
    if (before === undefined) delete process.env.OPENAI_BASE_URL;
    else process.env.OPENAI_BASE_URL = before;
  });
  const { client } = await setUp(t, '', { apiKey: 'azure-key' });
  assert.equal((await client.complete(ask, context())).finishReason, 'stop');
});

test('the content filter of Azure becomes "modelRefused"', async (t) => {
  const { server, client } = await setUp(t, '', { apiKey: 'azure-key' });
  server.reply(
    providerError(400, {
      code: 'content_filter',
      message: 'The response was filtered',
      innererror: { code: 'ResponsibleAIPolicyViolation' },
    }),
  );
  await assert.rejects(client.complete(ask, context()), { code: 'modelRefused' });
});

test('a key that the server repeats in its error does not reach ours', async (t) => {
  const { server, client } = await setUp(t, '', { apiKey: '0123456789abcdef' });
  server.reply(providerError(422, { message: 'bad header api-key: 0123456789abcdef' }));
  await assert.rejects(client.complete(ask, context()), {
    code: 'modelBadRequest',
    message: /bad header api-key: \*\*\*/,
  });
});
