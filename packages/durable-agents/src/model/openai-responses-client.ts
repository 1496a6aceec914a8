import { ModelError } from '../errors.ts';
import type { ChatCallContext, ChatClient, ChatRequest, ChatResponse, ChatUpdate } from './chat-client.ts';
import { OpenAIConnection } from './openai-connection.ts';
import type { OpenAIChatClientOptions } from './openai-options.ts';
import type { ItemSource } from './openai-reasoning.ts';
import { toResponsesRequest } from './openai-responses-request.ts';
import { fromResponsesResponse } from './openai-responses-response.ts';
import { readResponsesStream } from './openai-responses-stream.ts';
import { wholeCharacters } from './whole-characters.ts';

type Body = ReturnType<typeof toResponsesRequest>;

/**
 * A model behind the Responses API: OpenAI, Azure OpenAI, a Foundry project, or a compatible server. Nothing is stored
 * at the server: each request has the whole conversation, with the reasoning items of the running turn as they came.
 */
export class OpenAIResponsesClient implements ChatClient {
  readonly provider: string;
  readonly modelId: string;
  readonly simulated = false;
  readonly rateLimitKey: string;
  readonly #connection: OpenAIConnection;
  readonly #source: ItemSource;
  #withReasoningItems = true;

  /** @throws ConfigurationError if the model, an address or the key is missing or cannot be used. */
  constructor(options: OpenAIChatClientOptions) {
    this.#connection = new OpenAIConnection('OpenAIResponsesClient', 'responses', options);
    this.provider = this.#connection.provider;
    this.modelId = this.#connection.model;
    this.rateLimitKey = this.#connection.rateLimitKey;
    this.#source = { provider: this.provider, model: this.modelId };
  }

  async complete(request: ChatRequest, { signal }: ChatCallContext): Promise<ChatResponse> {
    const answer = await this.#send(request, (body) =>
      this.#connection.request(signal, (client) => client.responses.create({ ...body, stream: false }, { signal })),
    );
    return fromResponsesResponse(answer, this.#source);
  }

  async *stream(request: ChatRequest, { signal }: ChatCallContext): AsyncGenerator<ChatUpdate, void> {
    const answer = await this.#send(request, (body) =>
      this.#connection.openStream(signal, (client) => client.responses.create({ ...body, stream: true }, { signal })),
    );
    if ('whole' in answer) yield { type: 'response', response: fromResponsesResponse(answer.whole, this.#source) };
    else yield* wholeCharacters(readResponsesStream(answer.events, this.#source));
  }

  /**
   * Models that do not reason refuse to be asked for reasoning items, and no name tells which those are. Such a refusal
   * (nothing ran, nothing is billed) is learnt from: the request is sent without, and so are all that follow.
   */
  async #send<Answer>(request: ChatRequest, send: (body: Body) => Promise<Answer>): Promise<Answer> {
    const withReasoningItems = this.#withReasoningItems;
    try {
      return await send(toResponsesRequest(request, this.#source, withReasoningItems));
    } catch (error) {
      if (!withReasoningItems || !isRefusedInclude(error)) throw error;
      this.#withReasoningItems = false;
      return send(toResponsesRequest(request, this.#source, false));
    }
  }
}

/** The same as `new OpenAIResponsesClient(options)`. */
export function openaiResponses(options: OpenAIChatClientOptions): OpenAIResponsesClient {
  return new OpenAIResponsesClient(options);
}

function isRefusedInclude(error: unknown): boolean {
  return error instanceof ModelError && error.code === 'modelBadRequest' && /encrypted[ _]content/i.test(error.message);
}
