import type { ChatMessage } from '../agent/message.ts';
import { conversationIn } from './conversation.ts';
import type { AskedRequest } from './effects.ts';
import type { Run } from './run.ts';
import type { PendingRequest } from './run-state.ts';

/** A request from now on waits for its answer. */
export function openRequest(
  run: Run,
  executorId: string,
  { requestId, portId, data, timeoutMs }: AskedRequest,
  history: ChatMessage[] | undefined,
): void {
  if (run.state.requests.some((request) => request.requestId === requestId)) {
    run.fail({
      ...{ code: 'duplicateRequest', executorId },
      message: `Executor "${executorId}" asked with the request id "${requestId}", which is pending already.`,
    });
    return;
  }
  const wait = timeoutMs ?? run.graph.ports.get(portId)?.timeoutMs;
  const request: PendingRequest = {
    ...{ requestId, executorId, portId, data, superstep: run.step, createdAt: run.now },
    ...(wait !== undefined && { expiresAt: run.now + wait }),
  };
  run.state.requests.push(request);
  // Of data that has its conversation in it, no second copy is kept.
  if (history !== undefined && conversationIn(data) === undefined) run.state.histories[requestId] = history;
  const { expiresAt } = request;
  run.event({
    ...{ type: 'requestInfo', executorId, requestId, portId, data },
    ...(expiresAt !== undefined && { expiresAt }),
  });
}
