import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { McpHttpTransport, McpStdioTransport, McpToolsOptions } from './mcp-options.ts';
import type { McpSdk } from './mcp-sdk.ts';

/** A way to a server, not yet open. */
export interface McpChannel {
  transport: Transport;
  /** The last that a server process wrote to its standard error; for the log. */
  stderr(): string;
  /** Tells the server that the session is over, where it keeps one. May reject. */
  endSession(): Promise<void>;
}

const keptStderr = 4096;

export function openMcpChannel(sdk: McpSdk, { transport }: McpToolsOptions): McpChannel {
  return 'url' in transport ? httpChannel(sdk, transport) : stdioChannel(sdk, transport);
}

function httpChannel(sdk: McpSdk, { url, headers }: McpHttpTransport): McpChannel {
  const transport = new sdk.StreamableHTTPClientTransport(new URL(url), {
    ...(headers !== undefined && {
      fetch: async (target, init) => {
        const merged = new Headers(init?.headers);
        const own = typeof headers === 'function' ? await headers() : headers;
        for (const [name, value] of Object.entries(own)) merged.set(name, value);
        return fetch(target, { ...init, headers: merged });
      },
    }),
  });
  return {
    // Its optional members are typed without regard to exactOptionalPropertyTypes.
    transport: transport as Transport,
    stderr: () => '',
    endSession: () => transport.terminateSession(),
  };
}

function stdioChannel(sdk: McpSdk, { command, args = [], env, cwd }: McpStdioTransport): McpChannel {
  const transport = new sdk.StdioClientTransport({
    command,
    args: [...args],
    ...(env && { env }),
    ...(cwd !== undefined && { cwd }),
    // Not to this process's own: it has to be read, or a talkative server would come to a stop.
    stderr: 'pipe',
  });
  let tail = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-keptStderr);
  });
  return { transport, stderr: () => tail, endSession: async () => {} };
}
