import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult, Progress, Tool as ServerTool } from '@modelcontextprotocol/sdk/types.js';
import { maxTimerMs, type ToolContext } from '../agent/tool.ts';
import type { JsonObject } from '../json.ts';
import type { McpSdk } from './mcp-sdk.ts';

/** A server that never stops giving pages must not keep a run from its start. */
const maxPages = 100;

const pingTimeoutMs = 5000;

/** One initialized connection with a server. It ends once, and is not opened again. */
export class McpSession {
  readonly #client: Client;
  readonly #sdk: McpSdk;
  readonly #refreshMs: number;
  #listed: Promise<ServerTool[]> | undefined;
  #listedAt = 0;
  #calls = 0;
  #isRetired = false;
  #isClosed = false;

  /** @param client not yet connected */
  constructor(client: Client, sdk: McpSdk, refreshMs: number) {
    this.#client = client;
    this.#sdk = sdk;
    this.#refreshMs = refreshMs;
    client.onclose = () => {
      this.#isClosed = true;
    };
    client.onerror = ({ message }) => {
      if (message.startsWith('SSE stream disconnected')) this.#checkServer();
      // The SDK's last word on the stream by which the server announces changes: they would not be heard any more.
      if (message.startsWith('Maximum reconnection attempts')) this.retire();
    };
    client.setNotificationHandler(sdk.ToolListChangedNotificationSchema, () => {
      this.#listed = undefined;
    });
  }

  async connect(transport: Transport, timeoutMs: number): Promise<void> {
    await this.#client.connect(transport, { timeout: timeoutMs });
  }

  /** Whether the connection is gone. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether new calls can be made. */
  get isUsable(): boolean {
    return !this.#isClosed && !this.#isRetired;
  }

  /** Takes no more calls; closes when those in flight have ended. */
  retire(): void {
    this.#isRetired = true;
    // Nobody is left who could be told that closing failed.
    if (this.#calls === 0 && !this.#isClosed) void this.close().catch(() => {});
  }

  /** A broken stream may have been the one that an answer was to come on: without a server, none will. */
  #checkServer(): void {
    if (!this.isUsable) return;
    this.#client.ping({ timeout: pingTimeoutMs }).catch(() => this.close().catch(() => {}));
  }

  /** All tools of the server. The same list, as long as it is good. */
  list(timeoutMs: number): Promise<ServerTool[]> {
    const tools = this.#client.getServerCapabilities()?.tools;
    const isOld = !tools?.listChanged && performance.now() - this.#listedAt >= this.#refreshMs;
    if (this.#listed !== undefined && !isOld) return this.#listed;
    const listed = tools === undefined ? Promise.resolve([]) : this.#fetchList(timeoutMs);
    this.#listed = listed;
    this.#listedAt = performance.now();
    listed.catch(() => {
      if (this.#listed === listed) this.#listed = undefined;
    });
    return listed;
  }

  async #fetchList(timeout: number): Promise<ServerTool[]> {
    const all: ServerTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      const request = { method: 'tools/list' as const, params: cursor === undefined ? {} : { cursor } };
      const { tools, nextCursor } = await this.#client.request(request, this.#sdk.ListToolsResultSchema, { timeout });
      all.push(...tools);
      if (nextCursor === undefined) return all;
      cursor = nextCursor;
    }
    throw new Error(`The list of tools has more than ${maxPages} pages.`);
  }

  /** Calls a tool by the server's name of it. The caller's signal is the only time limit. */
  async call(name: string, args: JsonObject, context: ToolContext): Promise<CallToolResult> {
    this.#calls++;
    try {
      return await this.#request(name, args, context);
    } finally {
      this.#calls--;
      if (this.#isRetired) this.retire();
    }
  }

  #request(name: string, args: JsonObject, context: ToolContext): Promise<CallToolResult> {
    const params = { name, arguments: args, _meta: { 'durable-agents/idempotencyKey': context.idempotencyKey } };
    // Not callTool: that refuses results whose structured part does not fit the server's own schema.
    return this.#client.request({ method: 'tools/call', params }, this.#sdk.CallToolResultSchema, {
      signal: context.signal,
      timeout: maxTimerMs,
      onprogress: ({ progress, total, message }: Progress) =>
        context.emit({
          progress,
          ...(total !== undefined && { total }),
          ...(message !== undefined && { message }),
        }),
    });
  }

  async close(): Promise<void> {
    this.#isRetired = true;
    await this.#client.close();
  }
}
