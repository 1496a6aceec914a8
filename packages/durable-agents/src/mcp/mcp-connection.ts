import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { CallToolResult, Tool as ServerTool } from '@modelcontextprotocol/sdk/types.js';
import { boundText } from '../agent/bound-text.ts';
import { describeError } from '../agent/describe-error.ts';
import type { ToolContext } from '../agent/tool.ts';
import type { ToolSourceContext } from '../agent/tool-source.ts';
import { withDeadline } from '../agent/with-deadline.ts';
import type { JsonObject } from '../json.ts';
import { lossOf } from './lost-connection.ts';
import { type McpToolsOptions, mcpServerName } from './mcp-options.ts';
import { loadMcpSdk, type McpSdk } from './mcp-sdk.ts';
import { McpSession } from './mcp-session.ts';
import { type McpChannel, openMcpChannel } from './mcp-transport.ts';

interface Open {
  sdk: McpSdk;
  session: McpSession;
  channel: McpChannel;
}

/** How long a server is waited for when its session is closed, in milliseconds. */
const closeTimeoutMs = 2000;

/**
 * The connection with one server, shared by everything in this process that uses the same source. It is opened at the
 * first use, and again at the next use after it broke.
 */
export class McpConnection {
  readonly serverName: string;
  readonly #options: McpToolsOptions;
  readonly #connectTimeoutMs: number;
  #open: Promise<Open> | undefined;

  constructor(options: McpToolsOptions) {
    this.#options = options;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 30_000;
    this.serverName = mcpServerName(options);
  }

  /** The server's tools; the same array as long as nothing has changed. */
  list(context: ToolSourceContext): Promise<ServerTool[]> {
    return this.#use(context, true, (session) => session.list(this.#connectTimeoutMs));
  }

  /**
   * Calls a tool. If the connection turns out to be broken it is opened anew, and the call is made once more if the
   * server cannot have acted on it, or if doing it twice does no harm (`repeatable`).
   */
  call(name: string, args: JsonObject, context: ToolContext, repeatable: boolean): Promise<CallToolResult> {
    return this.#use(context, repeatable, (session) => session.call(name, args, context));
  }

  async close(): Promise<void> {
    const opening = this.#open;
    this.#open = undefined;
    if (opening === undefined) return;
    // A connection that could not be opened was cleaned up, and reported to whoever wanted it.
    const open = await opening.catch(() => undefined);
    if (open === undefined) return;
    // The server may be gone, which is what is wanted.
    if (open.session.isUsable) await withDeadline(never, closeTimeoutMs, () => open.channel.endSession());
    await open.session.close();
  }

  async #use<Result>(
    context: ToolSourceContext,
    repeatable: boolean,
    work: (session: McpSession) => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const { sdk, session, channel } = await this.#opened(context);
      try {
        return await unlessAborted(context.signal, work(session));
      } catch (error) {
        const loss = context.signal.aborted ? undefined : lossOf(error, session.isClosed, sdk);
        if (loss === undefined) throw error;
        session.retire();
        this.#report(context, error, channel);
        if (attempt === 1 && (loss === 'unsent' || repeatable)) continue;
        const doubt = loss === 'unsent' ? '' : ' The call may have taken effect.';
        throw new Error(`The connection with "${this.serverName}" was lost.${doubt}`, { cause: error });
      }
    }
  }

  async #opened(context: ToolSourceContext): Promise<Open> {
    for (let attempt = 1; attempt <= 2; attempt++) {
      this.#open ??= this.#start(context);
      const opening = this.#open;
      const open = await unlessAborted(context.signal, opening);
      if (open.session.isUsable) return open;
      if (this.#open === opening) this.#open = undefined;
    }
    throw new Error(`"${this.serverName}" ends each connection as soon as it is open.`);
  }

  #start(context: ToolSourceContext): Promise<Open> {
    const opening = this.#connect(context);
    opening.catch(() => {
      if (this.#open === opening) this.#open = undefined;
    });
    return opening;
  }

  /** Not ended by the caller's signal: others wait for the same connection. */
  async #connect(context: ToolSourceContext): Promise<Open> {
    const sdk = await loadMcpSdk();
    const session = new McpSession(createClient(sdk), sdk, this.#options.refreshMs ?? 300_000);
    const channel = openMcpChannel(sdk, this.#options);
    const timeoutMs = this.#connectTimeoutMs;
    const outcome = await withDeadline(never, timeoutMs, () => session.connect(channel.transport, timeoutMs));
    if (outcome.kind === 'done') return { sdk, session, channel };
    session.retire();
    const error = outcome.kind === 'failed' ? outcome.error : new Error(`No connection within ${timeoutMs} ms.`);
    this.#report(context, error, channel);
    throw new Error(`There is no connection with "${this.serverName}".`, { cause: error });
  }

  #report({ log }: ToolSourceContext, error: unknown, channel: McpChannel): void {
    const stderr = channel.stderr();
    log.warn('The connection with an MCP server failed.', {
      server: this.serverName,
      error: describeError(error, 1024),
      ...(stderr !== '' && { stderr: boundText(stderr, 4096) }),
    });
  }
}

function createClient(sdk: McpSdk): Client {
  return new sdk.Client(
    { name: 'durable-agents', version: '0.1.0' },
    {
      // Results go to a model, which can live with what a validator would refuse.
      jsonSchemaValidator: {
        getValidator: () => (data: unknown) => ({ valid: true, data: data as never, errorMessage: undefined }),
      },
    },
  );
}

const never = new AbortController().signal;

/** The promise's result, or the signal's reason as soon as it aborts. */
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
