import { fileURLToPath } from 'node:url';
import { executeToolCall } from '../../src/agent/execute-tool-call.ts';
import { resolveTools } from '../../src/agent/resolve-tools.ts';
import type { RunContext } from '../../src/agent/run-context.ts';
import type { AnyTool } from '../../src/agent/tool.ts';
import type { ToolSource } from '../../src/agent/tool-source.ts';
import type { JsonObject, JsonValue } from '../../src/json.ts';
import { type McpToolsOptions, mcpTools } from '../../src/mcp.ts';
import { runContext, toolCall } from '../agent/support.ts';

const script = fileURLToPath(new URL('./stdio-server.ts', import.meta.url));

/** A source over a real server process, closed at the end of the test. */
export function stdioSource(
  t: { after(work: () => Promise<void>): void },
  options: Partial<McpToolsOptions> & { args?: string[]; env?: Record<string, string> } = {},
): ToolSource {
  const { args = [], env, ...rest } = options;
  const transport = { command: process.execPath, args: [script, ...args], env };
  const source = mcpTools({ name: 'weather', transport, ...rest });
  t.after(() => source.close());
  return source;
}

/** The source's tools, as an agent gets them. */
export function toolsOf(source: ToolSource, context: RunContext = runContext()): Promise<readonly AnyTool[]> {
  return resolveTools({ name: 'helper', tools: [], toolSources: [source] }, context);
}

export async function namesOf(source: ToolSource): Promise<string[]> {
  return (await toolsOf(source)).map(({ name }) => name);
}

/** Calls a tool of a source as a run does. */
export async function callTool(
  source: ToolSource,
  name: string,
  args: JsonObject = {},
  context: RunContext = runContext(),
): Promise<JsonValue> {
  const tools = await toolsOf(source, context);
  const agent = { name: 'helper', tools, toolTimeoutMs: 30_000, maxToolResultBytes: 65_536 };
  return executeToolCall(agent, toolCall(name, args), context);
}
