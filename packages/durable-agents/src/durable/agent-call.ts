import { readAnswerResult } from '../entity/operation-result.ts';
import { entityName, turnOrchestratorName } from '../ids.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { RetryPolicy } from './agent-retry.ts';
import type { DurableTask, OrchestrationCalls } from './orchestration-calls.ts';

/** The orchestration that a call with a retry policy runs as. */
export const agentCallOrchestrator = 'dafx-agent-call';

/** A message to a session of an agent. */
export interface AgentCall extends JsonObject {
  agentName: string;
  sessionKey: string;
  /** How the agent's turns run: as an operation of the session, or as an orchestration. */
  durability: 'turn' | 'step';
  /** JSON text of the run request: the SDK changes some values of an orchestration's input, and would find them in here. */
  request: string;
}

export interface RetriedCall extends AgentCall {
  retry: RetryPolicy;
}

/** Sends a message to a session; the task's result is that of the session's operation. */
export function startCall<Task extends DurableTask>(
  calls: OrchestrationCalls<Task>,
  { agentName, sessionKey, durability, request }: AgentCall,
): Task {
  const written = JSON.parse(request) as JsonObject & { correlationId: string };
  if (durability === 'turn') return calls.callEntity(entityName(agentName), sessionKey, 'run', written);
  const { correlationId } = written;
  return calls.callSubOrchestrator(turnOrchestratorName, { agentName, sessionKey, correlationId, request });
}

/**
 * Sends a message until it is answered, the failure is one that would come again, or the attempts are used up. An attempt
 * whose outcome is known is followed by a new turn; one whose outcome is not, by the same turn: had it been answered, the
 * session gives that answer.
 */
export function* callWithRetry<Task extends DurableTask>(
  calls: OrchestrationCalls<Task>,
  { retry, ...call }: RetriedCall,
): Generator<Task, JsonValue, unknown> {
  const written = JSON.parse(call.request) as JsonObject;
  let { correlationId } = written;
  let delayMs = retry.firstDelayMs;
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt >= retry.maxAttempts;
    let waitMs = delayMs;
    try {
      const request = JSON.stringify({ ...written, correlationId });
      const result = (yield startCall(calls, { ...call, request } as AgentCall)) as JsonValue;
      const answer = readAnswerResult(result);
      if (isLast || answer.status === 'completed' || answer.error.retryable !== true) return result;
      waitMs = Math.max(delayMs, answer.error.retryAfterMs ?? 0);
      correlationId = calls.newGuid().replaceAll('-', '');
    } catch (error) {
      if (isLast) throw error;
    }
    yield calls.timer(calls.now() + waitMs);
    delayMs = Math.min(delayMs * retry.backoff, retry.maxDelayMs);
  }
}
