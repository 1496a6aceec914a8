import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../log.ts';
import type { ApiReply } from './api-types.ts';
import type { DurableHttpApi } from './http-api.ts';
import { decodeSegment } from './path-segment.ts';

/** The limit for one message of a durable client, in bytes. */
const maxBodyBytes = 64 * 1024 * 1024;

/** The durable clients' own loopback endpoint; it takes no keys, so it answers nobody but this machine. */
export class RpcServer {
  readonly baseUrl: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.baseUrl = `http://127.0.0.1:${port}/durabletask/`;
  }

  static async start(api: () => DurableHttpApi, logger: Logger): Promise<RpcServer> {
    const server = createServer((request, response) => {
      answer(api(), request, response).catch((error: unknown) => {
        logger.error(`Durable client call ${request.method} failed.`, error);
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new RpcServer(server, (server.address() as AddressInfo).port);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function answer(api: DurableHttpApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const host = request.headers.host ?? '';
  if (!host.startsWith('127.0.0.1:') || request.headers.origin !== undefined) {
    response.writeHead(403).end();
    return;
  }
  const body = await read(request);
  const url = new URL(request.url ?? '/', `http://${host}`);
  const reply =
    body === undefined || !url.pathname.startsWith('/durabletask/')
      ? { status: body === undefined ? 413 : 404, headers: {}, body: '' }
      : await callApi(api, {
          method: request.method ?? 'GET',
          path: url.pathname.slice('/durabletask/'.length),
          query: url.searchParams,
          headers: request.headers,
          body,
        });
  response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
  response.end(reply.body);
}

export interface ApiCall {
  method: string;
  /** Below the base, still percent-encoded. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  /** Origin that the caller used, where links have to lead back to it. */
  origin?: string;
  body: string;
}

/** Calls the API with a request as it came over HTTP. */
export async function callApi(api: DurableHttpApi, call: ApiCall): Promise<ApiReply> {
  return api.handle({
    method: call.method,
    segments: call.path.split('/').map(decodeSegment),
    query: call.query,
    contentType: first(call.headers['content-type']),
    continuation: first(call.headers['x-ms-continuation-token']),
    origin: call.origin,
    body: call.body,
  });
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
