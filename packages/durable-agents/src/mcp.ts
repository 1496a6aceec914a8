export type { McpHttpTransport, McpStdioTransport, McpToolsOptions } from './mcp/mcp-options.ts';
export { McpToolError } from './mcp/mcp-result.ts';
export { mcpTools } from './mcp/mcp-tools.ts';
