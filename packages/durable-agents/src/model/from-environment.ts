import { ConfigurationError } from '../errors.ts';
import type { ChatClient } from './chat-client.ts';
import { OfflineChatClient } from './offline-chat-client.ts';
import { OpenAIChatClient } from './openai-chat-client.ts';
import type { OpenAIChatClientOptions } from './openai-options.ts';
import { OpenAIResponsesClient } from './openai-responses-client.ts';

type Environment = Record<string, string | undefined>;

const azureDeployment = ['AZURE_OPENAI_DEPLOYMENT_NAME', 'AZURE_OPENAI_CHAT_DEPLOYMENT_NAME'];
const openAIModel = ['OPENAI_MODEL', 'OPENAI_CHAT_MODEL'];
const defaultModel = 'gpt-5-mini';

/**
 * The model that the environment names; empty settings count as absent. In this order:
 *
 * 1. `AZURE_OPENAI_ENDPOINT`: an Azure OpenAI or Foundry resource, with `AZURE_OPENAI_DEPLOYMENT_NAME` (or
 *    `AZURE_OPENAI_CHAT_DEPLOYMENT_NAME`), and optionally `AZURE_OPENAI_API_KEY` (else the Azure identity) and
 *    `AZURE_OPENAI_API_VERSION`.
 * 2. `FOUNDRY_PROJECT_ENDPOINT`: a Foundry project, with `FOUNDRY_MODEL`, as the Azure identity.
 * 3. `OPENAI_BASE_URL`: an OpenAI-compatible server, with `OPENAI_MODEL` (or `OPENAI_CHAT_MODEL`), and optionally
 *    `OPENAI_API_KEY`.
 * 4. `OPENAI_API_KEY`: OpenAI, with `OPENAI_MODEL` (or `OPENAI_CHAT_MODEL`; default `gpt-5-mini`).
 * 5. Nothing: the offline model, which makes its answers up and says so.
 *
 * `OPENAI_API` chooses the API: `chat` (Chat Completions) or `responses`. Default: `responses` for a Foundry project,
 * else `chat`.
 *
 * @throws ConfigurationError that names the missing setting, if only a part of a model is set.
 */
export function chatClientFromEnvironment(env: Environment = process.env): ChatClient {
  const read = (...names: string[]) => names.map((name) => env[name]?.trim()).find((value) => value);
  const api = read('OPENAI_API');
  if (api !== undefined && api !== 'chat' && api !== 'responses') {
    throw new ConfigurationError('invalidModelOptions', `OPENAI_API is ${JSON.stringify(api)}.`, {
      fix: 'Set it to "chat" or "responses", or remove it.',
    });
  }
  const client = (options: OpenAIChatClientOptions, usual: 'chat' | 'responses' = 'chat') =>
    (api ?? usual) === 'responses' ? new OpenAIResponsesClient(options) : new OpenAIChatClient(options);

  const endpoint = read('AZURE_OPENAI_ENDPOINT');
  if (endpoint !== undefined) {
    const model = read(...azureDeployment);
    if (model === undefined) throw missing('AZURE_OPENAI_DEPLOYMENT_NAME', 'AZURE_OPENAI_ENDPOINT');
    const apiKey = read('AZURE_OPENAI_API_KEY');
    return client({ model, azure: { endpoint, apiKey, apiVersion: read('AZURE_OPENAI_API_VERSION') } });
  }
  const project = read('FOUNDRY_PROJECT_ENDPOINT');
  if (project !== undefined) {
    const model = read('FOUNDRY_MODEL');
    if (model === undefined) throw missing('FOUNDRY_MODEL', 'FOUNDRY_PROJECT_ENDPOINT');
    return client({ model, azure: { endpoint: project } }, 'responses');
  }
  const model = read(...openAIModel);
  const apiKey = read('OPENAI_API_KEY');
  const baseURL = read('OPENAI_BASE_URL');
  if (baseURL !== undefined) {
    if (model === undefined) throw missing('OPENAI_MODEL', 'OPENAI_BASE_URL');
    return client({ model, baseURL, apiKey });
  }
  if (apiKey !== undefined) return client({ model: model ?? defaultModel, apiKey });
  // A part of a model is set: to answer offline now would hide the mistake.
  const azurePart = [...azureDeployment, 'AZURE_OPENAI_API_KEY', 'AZURE_OPENAI_API_VERSION'].find((name) => read(name));
  if (azurePart !== undefined) throw missing('AZURE_OPENAI_ENDPOINT', azurePart);
  if (read('FOUNDRY_MODEL') !== undefined) throw missing('FOUNDRY_PROJECT_ENDPOINT', 'FOUNDRY_MODEL');
  const openAIPart = openAIModel.find((name) => read(name));
  if (openAIPart !== undefined) throw missing('OPENAI_API_KEY', openAIPart);
  return new OfflineChatClient();
}

function missing(setting: string, present: string): ConfigurationError {
  return new ConfigurationError('missingModelSetting', `${present} is set, but ${setting} is not.`, {
    fix: `Set ${setting}, or remove ${present} to use the offline model.`,
  });
}
