import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/errors.ts';
import { chatClientFromEnvironment } from '../../src/index.ts';
import { OpenAIChatClient, OpenAIResponsesClient } from '../../src/openai.ts';

const azure = { AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com', AZURE_OPENAI_API_KEY: 'k' };

const chosen: [string, Record<string, string>, string, string][] = [
  ['nothing', {}, 'offline', 'offline'],
  ['empty strings', { AZURE_OPENAI_ENDPOINT: '', OPENAI_API_KEY: ' ', OPENAI_MODEL: '' }, 'offline', 'offline'],
  ['Azure', { ...azure, AZURE_OPENAI_DEPLOYMENT_NAME: 'd1' }, 'azure-openai', 'd1'],
  ['Azure with the chat name', { ...azure, AZURE_OPENAI_CHAT_DEPLOYMENT_NAME: 'd2' }, 'azure-openai', 'd2'],
  [
    'Azure with both names',
    { ...azure, AZURE_OPENAI_DEPLOYMENT_NAME: 'd1', AZURE_OPENAI_CHAT_DEPLOYMENT_NAME: 'd2' },
    'azure-openai',
    'd1',
  ],
  [
    'Azure with identity',
    { AZURE_OPENAI_ENDPOINT: 'https://x.openai.azure.com', AZURE_OPENAI_DEPLOYMENT_NAME: 'd1' },
    'azure-openai',
    'd1',
  ],
  ['Azure and OpenAI', { ...azure, AZURE_OPENAI_DEPLOYMENT_NAME: 'd1', OPENAI_API_KEY: 'sk' }, 'azure-openai', 'd1'],
  ['OpenAI', { OPENAI_API_KEY: 'sk' }, 'openai', 'gpt-5-mini'],
  ['OpenAI with a model', { OPENAI_API_KEY: 'sk', OPENAI_CHAT_MODEL: 'm2' }, 'openai', 'm2'],
  ['OpenAI with both models', { OPENAI_API_KEY: 'sk', OPENAI_MODEL: 'm1', OPENAI_CHAT_MODEL: 'm2' }, 'openai', 'm1'],
  ['a base URL', { OPENAI_BASE_URL: 'http://localhost:11434/v1', OPENAI_MODEL: 'llama' }, 'openai', 'llama'],
  [
    'OpenAI beside a stray deployment name',
    { OPENAI_API_KEY: 'sk', AZURE_OPENAI_DEPLOYMENT_NAME: 'd1' },
    'openai',
    'gpt-5-mini',
  ],
  [
    'a Foundry project',
    {
      FOUNDRY_PROJECT_ENDPOINT: 'https://x.services.ai.azure.com/api/projects/p',
      FOUNDRY_MODEL: 'm3',
      OPENAI_API_KEY: 'sk',
    },
    'azure-openai',
    'm3',
  ],
  [
    'Azure and a Foundry project',
    {
      ...azure,
      AZURE_OPENAI_DEPLOYMENT_NAME: 'd1',
      FOUNDRY_PROJECT_ENDPOINT: 'https://y.example',
      FOUNDRY_MODEL: 'm3',
    },
    'azure-openai',
    'd1',
  ],
];
for (const [name, env, provider, modelId] of chosen) {
  test(`${name} chooses ${provider} with ${modelId}`, () => {
    const client = chatClientFromEnvironment(env);
    assert.deepEqual([client.provider, client.modelId, client.simulated], [provider, modelId, provider === 'offline']);
  });
}

const halfSet: [Record<string, string>, string][] = [
  [azure, 'AZURE_OPENAI_DEPLOYMENT_NAME'],
  [{ AZURE_OPENAI_DEPLOYMENT_NAME: 'd1' }, 'AZURE_OPENAI_ENDPOINT'],
  [{ AZURE_OPENAI_API_KEY: 'k' }, 'AZURE_OPENAI_ENDPOINT'],
  [{ OPENAI_BASE_URL: 'http://localhost:11434/v1' }, 'OPENAI_MODEL'],
  [{ OPENAI_BASE_URL: 'http://localhost:11434/v1', OPENAI_API_KEY: 'k', OPENAI_MODEL: '' }, 'OPENAI_MODEL'],
  [{ OPENAI_MODEL: 'm1' }, 'OPENAI_API_KEY'],
  [{ FOUNDRY_PROJECT_ENDPOINT: 'https://x.example/api/projects/p' }, 'FOUNDRY_MODEL'],
  [{ FOUNDRY_MODEL: 'm3' }, 'FOUNDRY_PROJECT_ENDPOINT'],
];
for (const [env, missing] of halfSet) {
  test(`${Object.keys(env).join(' and ')} alone is refused: ${missing} is missing`, () => {
    assert.throws(
      () => chatClientFromEnvironment(env),
      (error: unknown) =>
        error instanceof ConfigurationError &&
        error.message.includes(`${missing} is not`) &&
        !/\bk\b/.test(error.message),
    );
  });
}

test('an address that is none is refused at start', () => {
  const env = { AZURE_OPENAI_ENDPOINT: '<your endpoint>', AZURE_OPENAI_DEPLOYMENT_NAME: 'd1' };
  assert.throws(() => chatClientFromEnvironment(env), { name: 'ConfigurationError', message: /azure\.endpoint/ });
});

const project = { FOUNDRY_PROJECT_ENDPOINT: 'https://x.services.ai.azure.com/api/projects/p', FOUNDRY_MODEL: 'm3' };
const openAI = { OPENAI_API_KEY: 'sk' };
const apis: [Record<string, string>, boolean][] = [
  [openAI, false],
  [{ ...openAI, OPENAI_API: 'chat' }, false],
  [{ ...openAI, OPENAI_API: ' ' }, false],
  [{ ...openAI, OPENAI_API: 'responses' }, true],
  [{ ...azure, AZURE_OPENAI_DEPLOYMENT_NAME: 'd1' }, false],
  [{ ...azure, AZURE_OPENAI_DEPLOYMENT_NAME: 'd1', OPENAI_API: 'responses' }, true],
  [{ OPENAI_BASE_URL: 'http://localhost:11434/v1', OPENAI_MODEL: 'm', OPENAI_API: 'responses' }, true],
  [project, true],
  [{ ...project, OPENAI_API: 'chat' }, false],
];
for (const [env, isResponses] of apis) {
  test(`${Object.keys(env)[0]} with OPENAI_API=${env.OPENAI_API} uses ${isResponses ? 'the Responses API' : 'Chat Completions'}`, () => {
    assert.equal(chatClientFromEnvironment(env) instanceof OpenAIResponsesClient, isResponses);
    assert.equal(chatClientFromEnvironment(env) instanceof OpenAIChatClient, !isResponses);
  });
}

test('an unknown OPENAI_API is refused, also if no model is set', () => {
  for (const env of [{ ...openAI, OPENAI_API: 'assistants' }, { OPENAI_API: 'assistants' }]) {
    assert.throws(() => chatClientFromEnvironment(env), {
      name: 'ConfigurationError',
      message: /OPENAI_API is "assistants"/,
    });
  }
});
