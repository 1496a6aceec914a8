import type { RunOptions, RunOutcome } from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';

/** All that a turn is given. */
export interface TurnInput {
  /** The conversation so far, the new messages at its end. */
  messages: readonly ChatMessage[];
  options: RunOptions;
  sessionId: string;
  correlationId: string;
}

/** Runs an agent once. A failure of model or tools is an outcome; only a bug rejects. */
export type RunAgentTurn = (input: TurnInput) => Promise<RunOutcome>;
