import type { Logger } from '../log.ts';

/** What a driver gives to each effect of a run. */
export interface RunContext {
  readonly sessionId: string;
  /** Identifies the run within the session. */
  readonly correlationId: string;
  /** Aborts the run: the model call in flight fails with `modelAborted`, tool calls end with an `aborted` result. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}
