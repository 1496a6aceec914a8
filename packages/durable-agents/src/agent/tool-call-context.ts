import type { ToolCallRequest } from './effects.ts';
import { type RunContext, runOf } from './run-context.ts';
import type { ToolContext } from './tool.ts';
import { toolDurableClient } from './tool-durable-client.ts';

/** What a tool is told of the call it serves. */
export function toolCallContext(
  agentName: string,
  call: ToolCallRequest,
  run: RunContext,
  parts: Pick<ToolContext, 'signal' | 'emit'>,
): ToolContext {
  const { sessionId, correlationId, log, caller, durable, keyBase = `${sessionId}/${correlationId}` } = run;
  // By position: when a crashed turn is repeated, the model gives its calls new ids.
  const idempotencyKey = `${keyBase}/${call.iteration}-${call.index}`;
  return {
    agentName,
    sessionId,
    correlationId,
    callId: call.callId,
    idempotencyKey,
    log,
    ...(caller !== undefined && { caller }),
    ...(durable && { durable: toolDurableClient(durable, idempotencyKey) }),
    ...parts,
    [runOf]: run,
  };
}
