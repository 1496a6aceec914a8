import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azureRoute } from '../../src/model/azure-endpoint.ts';
import { OpenAIChatClient, OpenAIResponsesClient } from '../../src/openai.ts';
import { ask, context } from './openai-client-setup.ts';
import { completion, json, openAIServer } from './openai-server.ts';

const resourceScope = 'https://cognitiveservices.azure.com/.default';
const projectScope = 'https://ai.azure.com/.default';
const openai = 'https://r.openai.azure.com';
const foundry = 'https://r.services.ai.azure.com';
const project = `${foundry}/api/projects/p`;

const routes: [string, string | undefined, 'chat' | 'responses', string, string | undefined, string][] = [
  [openai, undefined, 'chat', `${openai}/openai`, '2024-10-21', resourceScope],
  [`${openai}/`, '2025-01-01', 'chat', `${openai}/openai`, '2025-01-01', resourceScope],
  [`${openai}/openai/`, undefined, 'chat', `${openai}/openai`, '2024-10-21', resourceScope],
  [openai, 'v1', 'chat', `${openai}/openai/v1`, undefined, resourceScope],
  [openai, undefined, 'responses', `${openai}/openai/v1`, undefined, resourceScope],
  [openai, '2025-04-01-preview', 'responses', `${openai}/openai`, '2025-04-01-preview', resourceScope],
  [`${openai}/openai/v1/`, '2025-01-01', 'chat', `${openai}/openai/v1`, undefined, resourceScope],
  [foundry, undefined, 'chat', `${foundry}/openai/v1`, undefined, resourceScope],
  [foundry, '2025-01-01', 'chat', `${foundry}/openai`, '2025-01-01', resourceScope],
  [project, undefined, 'responses', `${project}/openai/v1`, undefined, projectScope],
  [`${project}/`, '2025-01-01', 'chat', `${project}/openai/v1`, undefined, projectScope],
  [`${project}/openai/v1`, undefined, 'responses', `${project}/openai/v1`, undefined, projectScope],
];
for (const [endpoint, version, api, baseURL, apiVersion, scope] of routes) {
  test(`${api} of ${endpoint} with version ${version} goes to ${baseURL}`, () => {
    const isProject = endpoint.includes('/projects/');
    assert.deepEqual(azureRoute(endpoint, version, api), { baseURL, apiVersion, scope, isProject });
  });
}

const said = json({
  status: 'completed',
  output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }],
});

test('the Responses API of a resource is called at its v1 address, with the key', async (t) => {
  const server = await openAIServer(t, said);
  const client = new OpenAIResponsesClient({ model: 'd', azure: { endpoint: server.origin, apiKey: 'azure-key' } });
  assert.equal(client.provider, 'azure-openai');
  await client.complete(ask, context());
  const { url, headers, body } = server.seen[0] ?? assert.fail();
  assert.equal(url, '/openai/v1/responses');
  assert.equal(headers.authorization, 'Bearer azure-key');
  assert.equal(body.model, 'd');
});

test('with a dated version it is called there, with the key in its header', async (t) => {
  const server = await openAIServer(t, said);
  const azure = { endpoint: server.origin, apiKey: 'azure-key', apiVersion: '2025-04-01-preview' };
  await new OpenAIResponsesClient({ model: 'd', azure }).complete(ask, context());
  const { url, headers, body } = server.seen[0] ?? assert.fail();
  assert.equal(url, '/openai/responses?api-version=2025-04-01-preview');
  assert.equal(headers['api-key'], 'azure-key');
  assert.equal(body.model, 'd');
});

test('a project is called with a token of its own scope, fresh for each request, and no key of the environment', async (t) => {
  const before = process.env.AZURE_OPENAI_API_KEY;
  process.env.AZURE_OPENAI_API_KEY = 'key-of-environment';
  t.after(() => {
    if (before === undefined) delete process.env.AZURE_OPENAI_API_KEY;
    else process.env.AZURE_OPENAI_API_KEY = before;
  });
  const scopes: unknown[] = [];
  const credential = {
    getToken: async (scope: string | string[]) => ({ token: `token-${scopes.push(scope)}`, expiresOnTimestamp: 0 }),
  };
  const server = await openAIServer(t, said);
  const azure = { endpoint: `${server.origin}/api/projects/p`, credential };
  const client = new OpenAIResponsesClient({ model: 'd', azure });
  await client.complete(ask, context());
  await client.complete(ask, context());
  assert.deepEqual(scopes, [projectScope, projectScope]);
  assert.deepEqual(
    server.seen.map(({ url, headers }) => [url, headers.authorization, headers['api-key']]),
    [
      ['/api/projects/p/openai/v1/responses', 'Bearer token-1', undefined],
      ['/api/projects/p/openai/v1/responses', 'Bearer token-2', undefined],
    ],
  );
});

test('a key of the environment is used with a resource, and not with a project', async (t) => {
  const before = [process.env.AZURE_OPENAI_API_KEY, process.env.AZURE_TOKEN_CREDENTIALS];
  process.env.AZURE_OPENAI_API_KEY = 'key-of-environment';
  // Only the credential that looks at (absent) settings: the others would go to the network.
  process.env.AZURE_TOKEN_CREDENTIALS = 'EnvironmentCredential';
  t.after(() => {
    for (const [index, name] of ['AZURE_OPENAI_API_KEY', 'AZURE_TOKEN_CREDENTIALS'].entries()) {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    }
  });
  const server = await openAIServer(t, completion({ role: 'assistant', content: 'Hello' }));
  await new OpenAIChatClient({ model: 'd', azure: { endpoint: server.origin } }).complete(ask, context());
  assert.equal(server.seen[0]?.headers['api-key'], 'key-of-environment');
  const client = new OpenAIChatClient({ model: 'd', azure: { endpoint: `${server.origin}/api/projects/p` } });
  await assert.rejects(client.complete(ask, context()), { code: 'modelUnauthorized' });
  assert.equal(server.seen.length, 1);
});

test('errors in the options name the client that they were given to', () => {
  assert.throws(() => new OpenAIResponsesClient({ model: ' ' }), {
    name: 'ConfigurationError',
    message: /^OpenAIResponsesClient: model/,
  });
});
