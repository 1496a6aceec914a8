import type { Agent } from '../../agent/agent.ts';
import type { ToolCallRequest } from '../../agent/effects.ts';
import type { OperationOutcome } from '../../entity/agent-entity.ts';
import type { AgentSessionId } from '../../ids.ts';
import type { JsonObject } from '../../json.ts';
import type { Logger } from '../../log.ts';
import { isObject } from '../../state/stored-fields.ts';
import { readCarrier } from '../../telemetry/trace-context.ts';
import { recordTurn } from '../../telemetry/turn-telemetry.ts';
import { measureQueueWait, streamOf, type Watching } from './turn-observer.ts';

/** Tells those who watch what an operation of the session means for a turn that runs in steps. */
export async function watchSteps(
  watching: Watching,
  { agent, sessionId, log }: { agent: Agent; sessionId: AgentSessionId; log: Logger },
  operation: string | undefined,
  input: unknown,
  outcome: OperationOutcome,
): Promise<void> {
  const correlationId = isObject(input) && typeof input.correlationId === 'string' ? input.correlationId : undefined;
  const turn = { agent, sessionId, log };
  switch ((operation ?? '').toLowerCase()) {
    case 'turnbegin': {
      if (correlationId === undefined || !isObject(outcome.result) || outcome.result.status !== 'run') return;
      measureQueueWait({ agent, correlationId });
      const stream = await streamOf(watching, { ...turn, correlationId, step: 'start' });
      stream?.started({ simulated: agent.model.simulated });
      await stream?.flush();
      return;
    }
    case 'turnwait': {
      if (correlationId === undefined) return;
      const stream = await streamOf(watching, { ...turn, correlationId, step: 'approval' });
      for (const call of approvalsIn(input)) stream?.onApprovalRequested(call);
      await stream?.flush();
      return;
    }
    default:
  }
  const { ended } = outcome;
  if (ended === undefined) return;
  const facts = {
    agentName: agent.name,
    agentDescription: agent.description,
    sessionId,
    correlationId: ended.correlationId,
    model: agent.model,
    messages: ended.request.messages,
    structured: ended.request.responseFormat !== undefined,
    traceContext: readCarrier(ended.request.traceContext),
  };
  recordTurn(facts, watching.telemetry, ended);
}

/** What is streamed of a session goes with it. */
export async function forgetStreams({ store }: Watching, sessionId: AgentSessionId, log: Logger): Promise<void> {
  try {
    await store.deleteSession(sessionId);
  } catch (error) {
    // It goes by itself when its time is over.
    log.warn('The streams of a deleted session are still there.', { session: sessionId, error: String(error) });
  }
}

function approvalsIn(input: unknown): ToolCallRequest[] {
  const approvals = isObject(input) && Array.isArray(input.approvals) ? (input.approvals as JsonObject[]) : [];
  return approvals.map(({ callId, name, arguments: args }) => ({
    callId: String(callId),
    name: String(name),
    ...(isObject(args) && { arguments: args as JsonObject }),
    iteration: 0,
    index: 0,
  }));
}
