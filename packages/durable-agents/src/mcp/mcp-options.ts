import { maxTimerMs } from '../agent/tool.ts';
import { ConfigurationError } from '../errors.ts';
import type { JsonObject } from '../json.ts';

/** A server that is reached by HTTP (the protocol's "streamable HTTP"). */
export interface McpHttpTransport {
  /** http or https. */
  url: string | URL;
  /** Sent with every request; as a function, asked before each, so that it can renew a token. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>) | undefined;
}

/** A server that runs as a process of this machine and is spoken to over its standard input and output. */
export interface McpStdioTransport {
  command: string;
  args?: readonly string[] | undefined;
  /** Added to the few variables that the server gets anyway (PATH, HOME and the like): nothing else is inherited. */
  env?: Record<string, string> | undefined;
  cwd?: string | undefined;
}

export interface McpToolsOptions {
  transport: McpHttpTransport | McpStdioTransport;
  /** What errors and logs call the server. Default: the host of its URL, or its command. */
  name?: string | undefined;
  /** Names (the server's) of the tools to use. Default: all. */
  include?: readonly string[] | undefined;
  /** Names (the server's) of tools not to use. */
  exclude?: readonly string[] | undefined;
  /** Put before the name of every tool, such as `github_`: up to 32 letters, digits, `_` or `-`. */
  prefix?: string | undefined;
  /** Time limit of one tool call in milliseconds. Default: the agent's `toolTimeoutMs`. */
  timeoutMs?: number | undefined;
  /** Time limit for connecting and listing the tools, in milliseconds. Default: 30,000. */
  connectTimeoutMs?: number | undefined;
  /** How long the list of tools of a server that does not announce changes is used, in milliseconds. Default: 300,000. */
  refreshMs?: number | undefined;
  /** Which calls a person has to approve, by the server's name of the tool and the arguments. Default: none. */
  needsApproval?: boolean | ((name: string, args: JsonObject) => boolean | Promise<boolean>) | undefined;
}

/** @throws ConfigurationError `invalidMcpOptions` that names the option */
export function checkMcpOptions(options: McpToolsOptions): void {
  const { transport, prefix = '' } = options;
  if ('url' in transport) checkUrl(transport.url);
  else if (typeof transport.command !== 'string' || transport.command.trim() === '') {
    throw invalid('transport has neither a url nor a command', 'Pass { url } or { command, args }.');
  }
  if (!/^[a-zA-Z0-9_-]{0,32}$/.test(prefix)) {
    throw invalid(`prefix is ${JSON.stringify(prefix)}`, 'Use up to 32 letters, digits, "_" or "-".');
  }
  for (const [key, least] of [
    ['timeoutMs', 1],
    ['connectTimeoutMs', 1],
    ['refreshMs', 0],
  ] as const) {
    const value = options[key];
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= maxTimerMs)) {
      throw invalid(`${key} is ${value}`, `Use a whole number of milliseconds from ${least} to ${maxTimerMs}.`);
    }
  }
}

/** The name of the server for people. Of a URL only the host: the rest may hold a secret. */
export function mcpServerName({ name, transport }: McpToolsOptions): string {
  return name ?? ('url' in transport ? new URL(transport.url).host : transport.command);
}

function checkUrl(url: string | URL): void {
  if (URL.canParse(String(url)) && /^https?:$/.test(new URL(url).protocol)) return;
  throw invalid('transport.url is not the address of a web server', 'Use one like "https://example.com/mcp".');
}

function invalid(problem: string, fix: string): ConfigurationError {
  return new ConfigurationError('invalidMcpOptions', `mcpTools: ${problem}.`, { fix });
}
