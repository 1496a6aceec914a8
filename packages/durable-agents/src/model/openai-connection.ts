import type OpenAI from 'openai';
import type { APIPromise } from 'openai';
import type { Stream } from 'openai/core/streaming';
import { describeError } from '../agent/describe-error.ts';
import { maxTimerMs } from '../agent/tool.ts';
import { ModelError } from '../errors.ts';
import { azureRoute } from './azure-endpoint.ts';
import { azureTokenProvider } from './azure-token.ts';
import { brokenStream, toModelError } from './openai-errors.ts';
import { checkOpenAIOptions, type OpenAIChatClientOptions } from './openai-options.ts';

const openAIBaseURL = 'https://api.openai.com/v1';

type Sdk = typeof import('openai');

/** What a server answered to a request for a stream: events, or the whole answer if it cannot stream. */
export type Streamed<Event> = { events: AsyncIterable<Event> } | { whole: unknown };

/**
 * The way to one model. The `openai` package is loaded at the first request. It never retries by itself: the agent's
 * retry policy is the only one. Whatever goes wrong comes out as a ModelError.
 */
export class OpenAIConnection {
  readonly provider: string;
  readonly model: string;
  /** A server that is neither OpenAI's nor Azure's. */
  readonly isCompatibleServer: boolean;
  /** Servers limit the rate of a model, or of a deployment, whichever client asks. */
  readonly rateLimitKey: string;
  readonly #options: OpenAIChatClientOptions;
  readonly #api: 'chat' | 'responses';
  readonly #secret: string | undefined;
  #sdk: Promise<{ sdk: Sdk; client: OpenAI }> | undefined;

  /** @throws ConfigurationError if the model, an address or the key is missing or cannot be used. */
  constructor(owner: string, api: 'chat' | 'responses', options: OpenAIChatClientOptions) {
    this.#secret = checkOpenAIOptions(owner, options);
    this.#options = options;
    this.#api = api;
    this.provider = options.azure ? 'azure-openai' : 'openai';
    this.model = options.model;
    this.rateLimitKey = JSON.stringify([options.azure?.endpoint ?? options.baseURL ?? openAIBaseURL, options.model]);
    this.isCompatibleServer = options.azure === undefined && options.baseURL !== undefined;
  }

  /** The body of the answer to a request. */
  async request(signal: AbortSignal, send: (client: OpenAI) => Promise<unknown>): Promise<unknown> {
    const { sdk, client } = await this.#connect();
    try {
      return await send(client);
    } catch (error) {
      throw this.#modelError(error, sdk, signal);
    }
  }

  /** The answer to a request for a stream. Its events throw ModelErrors only; leaving them early ends the request. */
  async openStream<Event>(
    signal: AbortSignal,
    send: (client: OpenAI) => APIPromise<Stream<Event>>,
  ): Promise<Streamed<Event>> {
    const { sdk, client } = await this.#connect();
    try {
      const { data, response } = await send(client).withResponse();
      const type = response.headers.get('content-type') ?? '';
      if (/^application\/json/i.test(type)) return { whole: await response.json() };
      if (/^text\/html/i.test(type)) {
        await response.body?.cancel();
        throw new SyntaxError('The answer is a web page.');
      }
      return { events: this.#events(data, sdk, signal) };
    } catch (error) {
      throw this.#modelError(error, sdk, signal);
    }
  }

  async *#events<Event>(stream: AsyncIterable<Event>, sdk: Sdk, signal: AbortSignal): AsyncGenerator<Event> {
    try {
      yield* stream;
    } catch (error) {
      // Half an event is what a connection leaves that was closed in order, but too early.
      if (error instanceof SyntaxError && !signal.aborted) throw brokenStream();
      throw this.#modelError(error, sdk, signal);
    }
    // The SDK ends an aborted stream as if it were whole.
    if (signal.aborted) throw aborted();
  }

  #modelError(error: unknown, sdk: Sdk, signal: AbortSignal): Error {
    return signal.aborted ? aborted() : toModelError(error, sdk, this.#secret);
  }

  #connect(): Promise<{ sdk: Sdk; client: OpenAI }> {
    this.#sdk ??= this.#load().catch((error: unknown) => {
      this.#sdk = undefined;
      throw error;
    });
    return this.#sdk;
  }

  async #load(): Promise<{ sdk: Sdk; client: OpenAI }> {
    let sdk: Sdk;
    try {
      sdk = await import('openai');
    } catch (error) {
      throw new ModelError('modelFailed', `The package openai cannot be loaded: ${describeError(error, 300)}`, {
        fix: 'Run "npm install openai".',
      });
    }
    return { sdk, client: createClient(sdk, this.#options, this.#api, this.#secret) };
  }
}

function createClient(
  sdk: Sdk,
  options: OpenAIChatClientOptions,
  api: 'chat' | 'responses',
  secret: string | undefined,
): OpenAI {
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
  const route = azureRoute(azure.endpoint, azure.apiVersion, api);
  const token = secret === undefined ? azureTokenProvider(azure.credential, route.scope) : undefined;
  if (route.apiVersion === undefined) {
    return new sdk.OpenAI({ ...common, ...foreign, apiKey: token ?? secret ?? null, baseURL: route.baseURL });
  }
  return new sdk.AzureOpenAI({
    ...common,
    ...foreign,
    baseURL: route.baseURL,
    apiVersion: route.apiVersion,
    deployment: options.model,
    // "" and not undefined: the SDK would take a key from the environment beside the token.
    ...(token ? { apiKey: '', azureADTokenProvider: token } : { apiKey: secret }),
  });
}

function aborted(): ModelError {
  return new ModelError('modelAborted', 'The model call was stopped.', { retryable: true });
}
