import type { ChatMessage } from '../agent/message.ts';
import type { JsonValue } from '../json.ts';
import { conversationIn } from './conversation.ts';
import type { AnsweredRequest, Arrival } from './effects.ts';
import type { Graph, GraphNode } from './graph.ts';
import { completeRounds } from './joins.ts';
import type { Run } from './run.ts';
import type { PendingRequest } from './run-state.ts';
import { settleChild } from './settle.ts';

/** Takes what has come in: answers go to who asked, in the next superstep. */
export function accept(run: Run, arrivals: readonly Arrival[]): void {
  for (const arrival of arrivals) {
    if (run.outcome !== undefined) return;
    acceptOne(run, arrival);
  }
  // The last that a fan-in waits for may come from outside.
  for (const round of completeRounds(run.graph, run.state)) run.enqueueRound(round);
}

function acceptOne(run: Run, arrival: Arrival): void {
  switch (arrival.type) {
    case 'response':
      acceptResponse(run, arrival.requestId, arrival.value);
      break;
    case 'expired':
      expire(run, arrival.requestId);
      break;
    case 'child':
      acceptChild(run, arrival);
      break;
    case 'cancel':
      run.cancel(arrival.reason);
      break;
  }
}

/** The requests whose time is up, as arrivals. */
export function expiredArrivals(requests: readonly PendingRequest[], now: number): Arrival[] {
  return requests
    .filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
    .map(({ requestId }) => ({ type: 'expired', requestId }));
}

function acceptResponse(run: Run, requestId: string, value: JsonValue): void {
  const taken = take(run, requestId);
  if (taken === undefined) {
    run.warn('unknownRequest', `There was an answer to the request "${requestId}", which is not pending.`);
    return;
  }
  deliver(run, taken, value, false);
}

function expire(run: Run, requestId: string): void {
  const taken = take(run, requestId);
  // Answered just before: the answer stands.
  if (taken === undefined) return;
  const { portId, executorId, data, history } = taken;
  const port = run.graph.ports.get(portId);
  if (port?.onTimeout !== undefined) {
    deliver(run, taken, port.onTimeout.answer, true);
    return;
  }
  const edge = run.graph.edges.find((one) => one.kind === 'timeout' && one.from === executorId);
  if (edge?.kind === 'timeout') {
    run.event({ type: 'requestAnswered', executorId, requestId, portId, timedOut: true });
    run.enqueue({
      ...{ kind: 'message', sources: [executorId], targets: [edge.to], value: data },
      request: { requestId, portId, data, timedOut: true },
      ...(history && { history }),
    });
    return;
  }
  const message = `Nobody answered the request "${requestId}" of "${executorId}" (port "${portId}") in time.`;
  run.fail({ code: 'requestTimedOut', message, executorId });
}

function deliver(run: Run, taken: Taken, value: JsonValue, timedOut: boolean): void {
  const { requestId, portId, executorId, data, history } = taken;
  const request: AnsweredRequest = { requestId, portId, data, ...(timedOut && { timedOut }) };
  run.event({ type: 'requestAnswered', executorId, requestId, portId, timedOut });
  if (isPort(run.graph, executorId)) {
    run.give({ value }, { source: executorId, request, history });
    return;
  }
  run.enqueue({
    ...{ kind: 'response', sources: [executorId], targets: [executorId], value, request },
    ...(history && { history }),
  });
}

type Taken = PendingRequest & { history: ChatMessage[] | undefined };

function take(run: Run, requestId: string): Taken | undefined {
  const { requests, histories } = run.state;
  const index = requests.findIndex((request) => request.requestId === requestId);
  const [request] = index < 0 ? [] : requests.splice(index, 1);
  if (request === undefined) return undefined;
  const history = histories[requestId] ?? conversationIn(request.data);
  delete histories[requestId];
  return { ...request, history };
}

function acceptChild(run: Run, { executorId, ordinal, outcome }: Arrival & { type: 'child' }): void {
  const { children } = run.state;
  const index = children.findIndex((child) => child.executorId === executorId && child.ordinal === ordinal);
  if (index < 0) {
    run.warn('unknownChild', `The sub-workflow "${executorId}~${ordinal}" ended, which is not running.`, executorId);
    return;
  }
  children.splice(index, 1);
  if (outcome.status === 'finished') run.event({ type: 'executorCompleted', executorId });
  else {
    const { code, message, cause } = outcome.failure;
    run.event({ type: 'executorFailed', executorId, attempt: 1, code, message, ...(cause && { cause }) });
  }
  settleChild(run, run.graph.nodes.get(executorId) as GraphNode & { kind: 'workflow' }, outcome);
}

function isPort(graph: Graph, id: string): boolean {
  return graph.nodes.get(id)?.kind === 'port';
}
