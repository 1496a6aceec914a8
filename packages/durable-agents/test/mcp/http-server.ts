import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

export interface HttpMcpServer {
  url: string;
  port: number;
  /** Headers of every request, with what was asked. */
  requests: { method: string; rpc: string | undefined; headers: IncomingHttpHeaders }[];
  /** Ends all connections at once, like a crash. */
  stop(): Promise<void>;
}

/** An MCP server over streamable HTTP on 127.0.0.1; each session gets a server from `make`. */
export async function startHttpServer(
  make: () => Pick<McpServer, 'connect'>,
  { port = 0, stateless = false }: { port?: number; stateless?: boolean } = {},
): Promise<HttpMcpServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const requests: HttpMcpServer['requests'] = [];
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body = request.method === 'POST' ? JSON.parse(await textOf(request)) : undefined;
      requests.push({ method: request.method ?? '', rpc: body?.method, headers: request.headers });
      if (stateless && request.method === 'GET') return response.writeHead(405).end();
      const id = request.headers['mcp-session-id'] as string | undefined;
      let transport = id === undefined ? undefined : sessions.get(id);
      if (transport === undefined && id !== undefined) return response.writeHead(404).end('no such session');
      if (transport === undefined) {
        const made = new StreamableHTTPServerTransport({
          ...(!stateless && { sessionIdGenerator: randomUUID }),
          onsessioninitialized: (session) => void sessions.set(session, made),
        });
        transport = made;
        await make().connect(transport as Transport);
      }
      await transport.handleRequest(request, response, body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}/mcp`,
    port: bound,
    requests,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
