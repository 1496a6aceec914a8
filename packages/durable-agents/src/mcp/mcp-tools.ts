import type { Tool as ServerTool } from '@modelcontextprotocol/sdk/types.js';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { schemaProblems } from '../agent/structured-answer.ts';
import { type AnyTool, tool } from '../agent/tool.ts';
import type { ToolSource } from '../agent/tool-source.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import { McpConnection } from './mcp-connection.ts';
import { checkMcpOptions, type McpToolsOptions } from './mcp-options.ts';
import { mcpResult } from './mcp-result.ts';
import { mcpToolNames } from './mcp-tool-names.ts';

/**
 * The tools of an MCP server, for `tools` of one agent or of several: all that use the same source share one connection,
 * or one process of the server. It is opened at the first run, and again when it broke. Needs the package
 * `@modelcontextprotocol/sdk`. A process that runs is ended by `close()`.
 *
 * @throws ConfigurationError `invalidMcpOptions`
 */
export function mcpTools(options: McpToolsOptions): ToolSource {
  checkMcpOptions(options);
  const connection = new McpConnection(options);
  let listed: ServerTool[] | undefined;
  let tools: readonly AnyTool[] = [];
  return {
    name: connection.serverName,
    async tools(context) {
      const list = await connection.list(context);
      if (list !== listed) {
        tools = Object.freeze(toTools(list, options, connection, context.log));
        listed = list;
      }
      return tools;
    },
    close: () => connection.close(),
  };
}

function toTools(list: ServerTool[], options: McpToolsOptions, connection: McpConnection, log: Logger): AnyTool[] {
  const { include, exclude = [], prefix = '' } = options;
  const byName = new Map<string, ServerTool>();
  // Of two tools of the same name the server would only ever run one.
  for (const entry of list) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  const missing = (include ?? []).filter((name) => !byName.has(name));
  if (missing.length > 0) log.warn('An MCP server lacks tools.', { server: connection.serverName, missing });
  const chosen = [...byName.values()].filter(
    ({ name }) => (include?.includes(name) ?? true) && !exclude.includes(name),
  );
  const names = mcpToolNames(
    chosen.map(({ name }) => name),
    prefix,
  );
  return chosen.map((entry) => toTool(entry, names.get(entry.name) ?? entry.name, options, connection));
}

function toTool(entry: ServerTool, name: string, options: McpToolsOptions, connection: McpConnection): AnyTool {
  const { annotations, inputSchema, description, title } = entry;
  const { needsApproval = false, timeoutMs } = options;
  const readOnly = annotations?.readOnlyHint === true;
  const repeatable = readOnly || annotations?.idempotentHint === true;
  return tool<Promise<JsonValue>, StandardSchemaV1<JsonObject>>({
    name,
    description: [description, title, annotations?.title].find((text) => text?.trim()) ?? entry.name,
    parameters: checkedBy(inputSchema as JsonSchema),
    parametersJsonSchema: inputSchema as JsonSchema,
    readOnly,
    timeoutMs,
    needsApproval: typeof needsApproval === 'function' ? (args) => needsApproval(entry.name, args) : needsApproval,
    execute: async (args, context) => mcpResult(await connection.call(entry.name, args, context, repeatable)),
  });
}

/** Arguments are checked here, so that no person is asked about a call that the server would refuse. */
function checkedBy(schema: JsonSchema): StandardSchemaV1<JsonObject> {
  return {
    '~standard': {
      version: 1,
      vendor: 'mcp',
      validate(value) {
        let problem: string | undefined;
        try {
          problem = schemaProblems(value as JsonValue, schema);
        } catch {
          // A schema of another dialect: the server has the last word anyway.
        }
        return problem === undefined ? { value: value as JsonObject } : { issues: [{ message: problem }] };
      },
    },
  };
}
