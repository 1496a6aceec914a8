import type { ChatCallContext, ChatClient, ChatRequest, ChatResponse, ChatUpdate } from './chat-client.ts';
import { readChatStream } from './openai-chat-stream.ts';
import { OpenAIConnection } from './openai-connection.ts';
import type { OpenAIChatClientOptions } from './openai-options.ts';
import { toOpenAIRequest } from './openai-request.ts';
import { fromOpenAIResponse } from './openai-response.ts';
import { wholeCharacters } from './whole-characters.ts';

/**
 * A model behind Chat Completions: OpenAI, Azure OpenAI, Foundry, or a compatible server (Ollama, llama.cpp, LM Studio,
 * vLLM).
 */
export class OpenAIChatClient implements ChatClient {
  readonly provider: string;
  readonly modelId: string;
  readonly simulated = false;
  readonly rateLimitKey: string;
  readonly #connection: OpenAIConnection;

  /** @throws ConfigurationError if the model, an address or the key is missing or cannot be used. */
  constructor(options: OpenAIChatClientOptions) {
    this.#connection = new OpenAIConnection('OpenAIChatClient', 'chat', options);
    this.provider = this.#connection.provider;
    this.modelId = this.#connection.model;
    this.rateLimitKey = this.#connection.rateLimitKey;
  }

  async complete(request: ChatRequest, { signal }: ChatCallContext): Promise<ChatResponse> {
    const body = this.#body(request);
    return fromOpenAIResponse(
      await this.#connection.request(signal, (client) =>
        client.chat.completions.create({ ...body, stream: false }, { signal }),
      ),
    );
  }

  async *stream(request: ChatRequest, { signal }: ChatCallContext): AsyncGenerator<ChatUpdate, void> {
    const body = this.#body(request);
    // Without this option a stream tells nothing of its tokens. Given in `extra`, the user's word counts.
    const { stream_options = { include_usage: true } } = body;
    const answer = await this.#connection.openStream(signal, (client) =>
      client.chat.completions.create({ ...body, stream: true, stream_options }, { signal }),
    );
    if ('whole' in answer) yield { type: 'response', response: fromOpenAIResponse(answer.whole) };
    else yield* wholeCharacters(readChatStream(answer.events));
  }

  #body(request: ChatRequest) {
    const { model, isCompatibleServer, provider } = this.#connection;
    return toOpenAIRequest(model, request, isCompatibleServer ? 'max_tokens' : 'max_completion_tokens', provider);
  }
}
