import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CompletionRequest {
  model: string;
  messages: { role: string; content: unknown; tool_call_id?: string }[];
  stream?: boolean;
  tools?: { function: { name: string } }[];
}

export type ModelReply =
  | { text: string }
  /** Streamed one by one where a stream is asked for. */
  | { words: string[]; pauseMs: number }
  | { calls: { id: string; name: string; arguments: unknown }[] }
  | { status: number; body: unknown; headers?: Record<string, string> };

/** A real HTTP server that speaks OpenAI's chat completions. */
export class ModelServer {
  readonly requests: CompletionRequest[] = [];
  readonly baseUrl: string;
  reply: (request: CompletionRequest) => ModelReply | Promise<ModelReply>;
  readonly #server: Server;

  private constructor(server: Server, reply: ModelServer['reply']) {
    this.#server = server;
    this.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    this.reply = reply;
  }

  static async start(reply: ModelServer['reply'] = echo): Promise<ModelServer> {
    let model: ModelServer | undefined;
    const server = createServer((request, response) => {
      model!.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    model = new ModelServer(server, reply);
    return model;
  }

  /** Settings that point an app at this server. */
  get env(): Record<string, string> {
    return { OPENAI_BASE_URL: this.baseUrl, OPENAI_MODEL: 'test-model', OPENAI_API_KEY: 'test-key' };
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as CompletionRequest;
    this.requests.push(body);
    const reply = await this.reply(body);
    if ('status' in reply) {
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
      return;
    }
    if ('words' in reply && body.stream) {
      await streamWords(response, body.model, reply);
      return;
    }
    const text = 'words' in reply ? reply.words.join('') : 'text' in reply ? reply.text : '';
    const message =
      'calls' in reply
        ? {
            role: 'assistant',
            content: null,
            tool_calls: reply.calls.map(({ id, name, arguments: args }) => ({
              id,
              type: 'function',
              function: { name, arguments: JSON.stringify(args) },
            })),
          }
        : { role: 'assistant', content: text };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        id: `chatcmpl-${this.requests.length}`,
        object: 'chat.completion',
        created: 1_800_000_000,
        model: body.model,
        choices: [{ index: 0, finish_reason: 'calls' in reply ? 'tool_calls' : 'stop', message }],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      }),
    );
  }
}

async function streamWords(
  response: ServerResponse,
  model: string,
  { words, pauseMs }: { words: string[]; pauseMs: number },
): Promise<void> {
  const base = { id: 'chatcmpl-s', object: 'chat.completion.chunk', created: 1_800_000_000, model };
  const send = (delta: object, finish: string | null) =>
    response.write(`data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const word of words) {
    send({ role: 'assistant', content: word }, null);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  send({}, 'stop');
  response.end('data: [DONE]\n\n');
}

/** Says back what it was told, and how many user messages it sees. */
export function echo(request: CompletionRequest): ModelReply {
  const texts = request.messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));
  return { text: `${texts.length}: ${texts.join(' | ')}` };
}

export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((part: { text?: string }) => part.text ?? '').join('') : '';
}
