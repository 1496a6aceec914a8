import { ConfigurationError } from '../errors.ts';
import type { ChatClient } from './chat-client.ts';
import { OfflineChatClient } from './offline-chat-client.ts';
import { OpenAIChatClient } from './openai-chat-client.ts';

type Environment = Record<string, string | undefined>;

const azureDeployment = ['AZURE_OPENAI_DEPLOYMENT_NAME', 'AZURE_OPENAI_CHAT_DEPLOYMENT_NAME'];
const openAIModel = ['OPENAI_MODEL', 'OPENAI_CHAT_MODEL'];
const defaultModel = 'gpt-5-mini';

/**
 * The model that the environment names; empty settings count as absent. In this order:
 *
 * 1. `AZURE_OPENAI_ENDPOINT`: Azure OpenAI, with `AZURE_OPENAI_DEPLOYMENT_NAME` (or
 *    `AZURE_OPENAI_CHAT_DEPLOYMENT_NAME`), and optionally `AZURE_OPENAI_API_KEY` (else the Azure identity) and
 *    `AZURE_OPENAI_API_VERSION`.
 * 2. `OPENAI_BASE_URL`: an OpenAI-compatible server, with `OPENAI_MODEL` (or `OPENAI_CHAT_MODEL`), and optionally
 *    `OPENAI_API_KEY`.
 * 3. `OPENAI_API_KEY`: OpenAI, with `OPENAI_MODEL` (or `OPENAI_CHAT_MODEL`; default `gpt-5-mini`).
 * 4. Nothing: the offline model, which makes its answers up and says so.
 *
 * @throws ConfigurationError that names the missing setting, if only a part of a model is set.
 */
export function chatClientFromEnvironment(env: Environment = process.env): ChatClient {
  const read = (...names: string[]) => names.map((name) => env[name]?.trim()).find((value) => value);
  const endpoint = read('AZURE_OPENAI_ENDPOINT');
  if (endpoint !== undefined) {
    const model = read(...azureDeployment);
    if (model === undefined) throw missing('AZURE_OPENAI_DEPLOYMENT_NAME', 'AZURE_OPENAI_ENDPOINT');
    const apiKey = read('AZURE_OPENAI_API_KEY');
    return new OpenAIChatClient({ model, azure: { endpoint, apiKey, apiVersion: read('AZURE_OPENAI_API_VERSION') } });
  }
  const model = read(...openAIModel);
  const apiKey = read('OPENAI_API_KEY');
  const baseURL = read('OPENAI_BASE_URL');
  if (baseURL !== undefined) {
    if (model === undefined) throw missing('OPENAI_MODEL', 'OPENAI_BASE_URL');
    return new OpenAIChatClient({ model, baseURL, apiKey });
  }
  if (apiKey !== undefined) return new OpenAIChatClient({ model: model ?? defaultModel, apiKey });
  // A part of a model is set: to answer offline now would hide the mistake.
  const azurePart = [...azureDeployment, 'AZURE_OPENAI_API_KEY', 'AZURE_OPENAI_API_VERSION'].find((name) => read(name));
  if (azurePart !== undefined) throw missing('AZURE_OPENAI_ENDPOINT', azurePart);
  const openAIPart = openAIModel.find((name) => read(name));
  if (openAIPart !== undefined) throw missing('OPENAI_API_KEY', openAIPart);
  return new OfflineChatClient();
}

function missing(setting: string, present: string): ConfigurationError {
  return new ConfigurationError('missingModelSetting', `${present} is set, but ${setting} is not.`, {
    fix: `Set ${setting}, or remove ${present} to use the offline model.`,
  });
}
