import { DurableAgentError } from '../errors.ts';
import type { SessionKey } from '../ids.ts';
import type { AgentFailure } from '../state/answer.ts';

/** Which call failed. */
export interface AgentCallFacts {
  agentName: string;
  sessionKey: SessionKey;
  correlationId: string;
}

/** An agent that an orchestration called failed. `code` says why; the session keeps the record and can go on. */
export class AgentCallError extends DurableAgentError {
  override name = 'AgentCallError';
  /** Name of the agent. */
  readonly agent: string;
  readonly sessionId: SessionKey;
  readonly correlationId: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(failure: AgentFailure, { agentName, sessionKey, correlationId }: AgentCallFacts, cause?: unknown) {
    super(failure.code, `Agent "${agentName}" failed (${failure.code}): ${failure.message}`, {
      ...(failure.details !== undefined && { details: failure.details }),
      cause,
    });
    this.agent = agentName;
    this.sessionId = sessionKey;
    this.correlationId = correlationId;
    this.retryable = failure.retryable ?? false;
  }
}
