import type OpenAI from 'openai';
import { describeError } from '../agent/describe-error.ts';
import { maxTimerMs } from '../agent/tool.ts';
import { ConfigurationError, ModelError } from '../errors.ts';
import { type AzureCredential, azureTokenProvider } from './azure-token.ts';
import type { ChatCallContext, ChatClient, ChatRequest, ChatResponse } from './chat-client.ts';
import { toModelError } from './openai-errors.ts';
import { toOpenAIRequest } from './openai-request.ts';
import { fromOpenAIResponse } from './openai-response.ts';

const openAIBaseURL = 'https://api.openai.com/v1';

export interface AzureOpenAIOptions {
  /** Address of the resource, such as `https://my-resource.openai.azure.com`. One that ends in `/openai/v1` works too. */
  endpoint: string;
  /** Default: `2024-10-21`. Not used with an `/openai/v1` endpoint. */
  apiVersion?: string | undefined;
  apiKey?: string | undefined;
  /** Default, if there is no `apiKey` and no AZURE_OPENAI_API_KEY: `DefaultAzureCredential` of `@azure/identity`. */
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

interface Connection {
  sdk: typeof import('openai');
  client: OpenAI;
}

/**
 * A model behind Chat Completions: OpenAI, Azure OpenAI, or a compatible server (Ollama, llama.cpp, LM Studio, vLLM).
 * The `openai` package is loaded at the first call. It never retries by itself: the agent's retry policy is the only one.
 */
export class OpenAIChatClient implements ChatClient {
  readonly provider: string;
  readonly modelId: string;
  readonly simulated = false;
  readonly #options: OpenAIChatClientOptions;
  readonly #secret: string | undefined;
  #connection: Promise<Connection> | undefined;

  /** @throws ConfigurationError if the model, an address or the key is missing or cannot be used. */
  constructor(options: OpenAIChatClientOptions) {
    const { model, azure, apiKey, baseURL } = options;
    if (typeof model !== 'string' || model.trim() === '')
      throw refuse('model is missing', 'Name a model or deployment.');
    if (azure !== undefined && (apiKey !== undefined || baseURL !== undefined)) {
      throw refuse('azure is combined with apiKey or baseURL', 'Put the key and the endpoint into azure.');
    }
    if (azure !== undefined) checkAddress('azure.endpoint', azure.endpoint);
    if (baseURL !== undefined) checkAddress('baseURL', baseURL);
    const key = azure ? azureKey(azure) : openAIKey(options);
    if (azure === undefined && baseURL === undefined && key === undefined) {
      throw refuse('apiKey is missing', 'Set OPENAI_API_KEY, or pass apiKey.');
    }
    this.provider = azure ? 'azure-openai' : 'openai';
    this.modelId = model;
    this.#options = options;
    this.#secret = typeof key === 'string' ? key : undefined;
  }

  async complete(request: ChatRequest, { signal }: ChatCallContext): Promise<ChatResponse> {
    const { sdk, client } = await this.#connect();
    const { azure, baseURL, model } = this.#options;
    const isCompatibleServer = azure === undefined && baseURL !== undefined;
    const body = toOpenAIRequest(model, request, isCompatibleServer ? 'max_tokens' : 'max_completion_tokens');
    let completion: unknown;
    try {
      completion = await client.chat.completions.create(body, { signal });
    } catch (error) {
      throw toModelError(error, sdk, this.#secret);
    }
    return fromOpenAIResponse(completion);
  }

  #connect(): Promise<Connection> {
    this.#connection ??= this.#load().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #load(): Promise<Connection> {
    let sdk: typeof import('openai');
    try {
      sdk = await import('openai');
    } catch (error) {
      throw new ModelError('modelFailed', `The package openai cannot be loaded: ${describeError(error, 300)}`, {
        fix: 'Run "npm install openai".',
      });
    }
    return { sdk, client: createClient(sdk, this.#options, this.#secret) };
  }
}

function createClient(sdk: Connection['sdk'], options: OpenAIChatClientOptions, secret: string | undefined): OpenAI {
  const { azure, apiKey, baseURL, defaultHeaders } = options;
  // Every setting that the SDK would else read from the environment by itself is given. The agent's own limit of time
  // is the one that counts, and nothing of ours writes to the console.
  const common = { maxRetries: 0, timeout: maxTimerMs, logLevel: 'off', adminAPIKey: null, defaultHeaders } as const;
  const foreign = { organization: null, project: null };
  if (azure === undefined) {
    const key = typeof apiKey === 'function' ? apiKey : (secret ?? 'not-needed');
    if (baseURL === undefined) return new sdk.OpenAI({ ...common, apiKey: key, baseURL: openAIBaseURL });
    return new sdk.OpenAI({ ...common, ...foreign, apiKey: key, baseURL });
  }
  const endpoint = azure.endpoint.replace(/\/+$/, '');
  const token = secret === undefined ? azureTokenProvider(azure.credential) : undefined;
  if (/\/openai\/v1$/.test(endpoint)) {
    return new sdk.OpenAI({ ...common, ...foreign, apiKey: token ?? secret ?? null, baseURL: endpoint });
  }
  return new sdk.AzureOpenAI({
    ...common,
    ...foreign,
    baseURL: `${endpoint.replace(/\/openai$/, '')}/openai`,
    apiVersion: azure.apiVersion ?? '2024-10-21',
    deployment: options.model,
    // "" and not undefined: the SDK would take a key from the environment beside the token.
    ...(token ? { apiKey: '', azureADTokenProvider: token } : { apiKey: secret }),
  });
}

/** The key in the environment is OpenAI's: no other server gets to see it unless it is passed on purpose. */
function openAIKey({ apiKey, baseURL }: OpenAIChatClientOptions): string | (() => Promise<string>) | undefined {
  if (typeof apiKey === 'function') return apiKey;
  return apiKey?.trim() || (baseURL === undefined ? process.env.OPENAI_API_KEY?.trim() || undefined : undefined);
}

/** A credential given in code is meant: then a key of the environment is not looked for. */
function azureKey({ apiKey, credential }: AzureOpenAIOptions): string | undefined {
  if (apiKey?.trim()) return apiKey.trim();
  return credential === undefined ? process.env.AZURE_OPENAI_API_KEY?.trim() || undefined : undefined;
}

function checkAddress(option: string, value: string): void {
  const isHttp = typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value);
  if (!isHttp) throw refuse(`${option} is not an http(s) address: ${JSON.stringify(value)}`, 'Use a full address.');
}

function refuse(problem: string, fix: string): ConfigurationError {
  return new ConfigurationError('invalidModelOptions', `OpenAIChatClient: ${problem}.`, { fix });
}
