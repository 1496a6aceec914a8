import { DurableAgentError, type DurableAgentErrorOptions } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { AnyTool } from './tool.ts';

export interface ToolSourceContext {
  /** Aborted when the run that asks for the tools is stopped. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Tools that are only known at run time, such as those of an MCP server. Asked before each run of an agent. */
export interface ToolSource {
  /** What people call it, in errors and logs. */
  readonly name: string;
  /** The tools as they are now. Cheap if nothing has changed. If it rejects, the run fails with {@link ToolSourceError}. */
  tools(context: ToolSourceContext): Promise<readonly AnyTool[]>;
  /** Lets go of connections and processes. A source that is used again afterwards opens new ones. */
  close(): Promise<void>;
}

/** Whether an entry of an agent's `tools` is a source of tools. */
export function isToolSource(entry: AnyTool | ToolSource): entry is ToolSource {
  return typeof (entry as Partial<ToolSource>).tools === 'function';
}

/** A source of tools gave none. Code: `toolSourceUnavailable`. The run fails before its first model call. */
export class ToolSourceError extends DurableAgentError {
  override name = 'ToolSourceError';
  /** The source may be back when the same request is sent again. */
  readonly retryable = true;

  constructor(message: string, options: DurableAgentErrorOptions = {}) {
    super('toolSourceUnavailable', message, {
      fix: 'See the cause in the log of the app; then check that the server runs and can be reached from here.',
      ...options,
    });
  }
}
