import { ConfigurationError } from '../errors.ts';
import { azureRoute } from './azure-endpoint.ts';
import type { AzureCredential } from './azure-token.ts';

export interface AzureOpenAIOptions {
  /**
   * Address of the resource, such as `https://my-resource.openai.azure.com` or
   * `https://my-resource.services.ai.azure.com`, or of a Foundry project
   * (`https://my-resource.services.ai.azure.com/api/projects/my-project`). One that ends in `/openai/v1` works too.
   */
  endpoint: string;
  /**
   * Version of the dated API, or `v1` for the one without versions. Default: `2024-10-21` for Chat Completions of an
   * `openai.azure.com` resource, else `v1`. Not used with a project or an `/openai/v1` endpoint.
   */
  apiVersion?: string | undefined;
  apiKey?: string | undefined;
  /**
   * Default, if there is no `apiKey` and (except with a project) no AZURE_OPENAI_API_KEY: `DefaultAzureCredential` of
   * `@azure/identity`. It is asked before every request, so that a token which ran out is replaced.
   */
  credential?: AzureCredential | undefined;
}

export interface OpenAIChatClientOptions {
  /** Model name; with Azure the deployment name. */
  model: string;
  /**
   * Key, or a function that gives a fresh one for each call. Default: the environment's OPENAI_API_KEY; with a
   * `baseURL`: none.
   */
  apiKey?: string | (() => Promise<string>) | undefined;
  /** Address of an OpenAI-compatible server, up to and with `/v1`. Default: the OpenAI service. */
  baseURL?: string | undefined;
  /** Talk to Azure OpenAI instead. Not together with `apiKey` or `baseURL`. */
  azure?: AzureOpenAIOptions | undefined;
  /** HTTP headers added to every request. */
  defaultHeaders?: Record<string, string> | undefined;
}

/**
 * Checks the options and gives the key, if it is a text that is known now. `owner` is the class named in errors.
 *
 * @throws ConfigurationError if the model, an address or the key is missing or cannot be used.
 */
export function checkOpenAIOptions(owner: string, options: OpenAIChatClientOptions): string | undefined {
  const refuse = (problem: string, fix: string) =>
    new ConfigurationError('invalidModelOptions', `${owner}: ${problem}.`, { fix });
  const checkAddress = (option: string, value: string) => {
    const isHttp = typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value);
    if (!isHttp) throw refuse(`${option} is not an http(s) address: ${JSON.stringify(value)}`, 'Use a full address.');
  };
  const { model, azure, apiKey, baseURL } = options;
  if (typeof model !== 'string' || model.trim() === '') throw refuse('model is missing', 'Name a model or deployment.');
  if (azure !== undefined && (apiKey !== undefined || baseURL !== undefined)) {
    throw refuse('azure is combined with apiKey or baseURL', 'Put the key and the endpoint into azure.');
  }
  if (azure !== undefined) {
    checkAddress('azure.endpoint', azure.endpoint);
    return azureKey(azure);
  }
  if (baseURL !== undefined) checkAddress('baseURL', baseURL);
  const key = openAIKey(options);
  if (baseURL === undefined && key === undefined)
    throw refuse('apiKey is missing', 'Set OPENAI_API_KEY, or pass apiKey.');
  return typeof key === 'string' ? key : undefined;
}

/** The key in the environment is OpenAI's: no other server gets to see it unless it is passed on purpose. */
function openAIKey({ apiKey, baseURL }: OpenAIChatClientOptions): string | (() => Promise<string>) | undefined {
  if (typeof apiKey === 'function') return apiKey;
  return apiKey?.trim() || (baseURL === undefined ? process.env.OPENAI_API_KEY?.trim() || undefined : undefined);
}

/** A credential given in code is meant, and a project takes no keys: then a key of the environment is not looked for. */
function azureKey({ apiKey, credential, endpoint, apiVersion }: AzureOpenAIOptions): string | undefined {
  if (apiKey?.trim()) return apiKey.trim();
  if (credential !== undefined || azureRoute(endpoint, apiVersion, 'chat').isProject) return undefined;
  return process.env.AZURE_OPENAI_API_KEY?.trim() || undefined;
}
