import type { RunOptions, RunOutcome } from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { JsonObject, JsonValue } from '../json.ts';

/** All that a turn is given. */
export interface TurnInput {
  /** The conversation so far, the new messages at its end. */
  messages: readonly ChatMessage[];
  options: RunOptions;
  sessionId: string;
  correlationId: string;
  /** Who asks, as the app sees it. */
  caller?: JsonValue | undefined;
  /** How many messages at the end of `messages` are new. */
  asked: number;
  /** The turn's place in a trace. */
  traceContext?: JsonObject | undefined;
}

/** Runs an agent once. A failure of model or tools is an outcome; only a bug rejects. */
export type RunAgentTurn = (input: TurnInput) => Promise<RunOutcome>;
