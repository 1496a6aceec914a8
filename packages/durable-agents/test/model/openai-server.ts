import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { JsonObject } from '../../src/json.ts';

export interface SeenRequest {
  url: string;
  headers: IncomingHttpHeaders;
  body: JsonObject;
}

export type Reply = (response: ServerResponse, request: IncomingMessage) => void;

export interface OpenAIServer {
  /** Without `/v1`. */
  origin: string;
  baseURL: string;
  seen: SeenRequest[];
  /** Sets what the server does with each request from now on. */
  reply: (reply: Reply) => void;
}

/** A local server that plays OpenAI; closed when the test ends. */
export async function openAIServer(t: TestContext, first: Reply): Promise<OpenAIServer> {
  let current = first;
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const body = JSON.parse((await text(request)) || '{}') as JsonObject;
    seen.push({ url: request.url ?? '', headers: request.headers, body });
    current(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    baseURL: `${origin}/v1`,
    seen,
    reply: (next) => {
      current = next;
    },
  };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A whole Chat Completions answer around one message. */
export function completion(message: unknown, finish: string | null = 'stop', usage?: JsonObject): Reply {
  return json({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-test-2026',
    choices: [{ index: 0, message, finish_reason: finish }],
    ...(usage && { usage }),
  });
}

export function providerError(status: number, error: JsonObject, headers: Record<string, string> = {}): Reply {
  return json({ error }, status, headers);
}
