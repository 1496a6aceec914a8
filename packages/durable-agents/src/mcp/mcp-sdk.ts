import { describeError } from '../agent/describe-error.ts';
import { ConfigurationError } from '../errors.ts';

/** The parts of the official SDK that a client needs. */
export interface McpSdk {
  Client: typeof import('@modelcontextprotocol/sdk/client/index.js').Client;
  StdioClientTransport: typeof import('@modelcontextprotocol/sdk/client/stdio.js').StdioClientTransport;
  StreamableHTTPClientTransport: typeof import('@modelcontextprotocol/sdk/client/streamableHttp.js').StreamableHTTPClientTransport;
  StreamableHTTPError: typeof import('@modelcontextprotocol/sdk/client/streamableHttp.js').StreamableHTTPError;
  CallToolResultSchema: typeof import('@modelcontextprotocol/sdk/types.js').CallToolResultSchema;
  ListToolsResultSchema: typeof import('@modelcontextprotocol/sdk/types.js').ListToolsResultSchema;
  ToolListChangedNotificationSchema: typeof import('@modelcontextprotocol/sdk/types.js').ToolListChangedNotificationSchema;
}

/**
 * Loads the SDK, which is an optional dependency, at the first use.
 *
 * @throws ConfigurationError `mcpSdkMissing`
 */
export async function loadMcpSdk(): Promise<McpSdk> {
  try {
    const [{ Client }, { StdioClientTransport }, { StreamableHTTPClientTransport, StreamableHTTPError }, types] =
      await Promise.all([
        import('@modelcontextprotocol/sdk/client/index.js'),
        import('@modelcontextprotocol/sdk/client/stdio.js'),
        import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
        import('@modelcontextprotocol/sdk/types.js'),
      ]);
    const { CallToolResultSchema, ListToolsResultSchema, ToolListChangedNotificationSchema } = types;
    return {
      Client,
      StdioClientTransport,
      StreamableHTTPClientTransport,
      StreamableHTTPError,
      CallToolResultSchema,
      ListToolsResultSchema,
      ToolListChangedNotificationSchema,
    };
  } catch (cause) {
    const message = `The package @modelcontextprotocol/sdk cannot be loaded: ${describeError(cause, 300)}`;
    throw new ConfigurationError('mcpSdkMissing', message, {
      fix: 'Run "npm install @modelcontextprotocol/sdk".',
      cause,
    });
  }
}
