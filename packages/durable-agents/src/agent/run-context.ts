import type { JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { CallDecision } from './effects.ts';

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
}

/** Asks a person, or a rule, about a call whose arguments have been validated. */
export type ApproveCall = (call: {
  callId: string;
  name: string;
  arguments: JsonValue;
}) => Promise<CallDecision> | CallDecision;
