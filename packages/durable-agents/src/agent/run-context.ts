import type { JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { OnModelUpdate } from './call-model.ts';
import type { CallDecision } from './effects.ts';
import type { RunObserver } from './run-observer.ts';
import type { ToolDurablePort } from './tool-durable-client.ts';
import type { ToolProgress } from './tool-progress.ts';

/** Where a tool's context keeps the run it belongs to, for tools that run an agent of their own. */
export const runOf: unique symbol = Symbol.for('durable-agents.run');

/** What a driver gives to each effect of a run. */
export interface RunContext {
  readonly sessionId: string;
  /** Identifies the run within the session. */
  readonly correlationId: string;
  /** Aborts the run: the model call in flight fails with `modelAborted`, tool calls end with an `aborted` result. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Decides on calls that need approval; without it they are rejected. */
  readonly approve?: ApproveCall;
  /** Who asked, as the app sees it. For tools. */
  readonly caller?: JsonValue;
  /** The host's way to orchestrations. For tools. */
  readonly durable?: ToolDurablePort;
  /** Told of what tools emit while they run. What it throws is logged and changes nothing. */
  readonly onEvent?: (event: ToolProgress) => void;
  /** Told of a streamed answer while it comes, with the number of the attempt at the model call. */
  readonly onUpdate?: OnModelUpdate | undefined;
  /** Watches the run. */
  readonly observer?: RunObserver | undefined;
  /** What idempotency keys of tool calls begin with. Default: `{sessionId}/{correlationId}`. */
  readonly keyBase?: string;
  /** Names of the agents that called each other to get to this run, the outermost first. Default: none. */
  readonly outerAgents?: readonly string[];
}

/** Asks a person, or a rule, about a call whose arguments have been validated. */
export type ApproveCall = (call: {
  callId: string;
  name: string;
  arguments: JsonValue;
}) => Promise<CallDecision> | CallDecision;
