import type { AgentClient } from '../client/agent-client.ts';
import { turnOfKey } from '../client/idempotency.ts';
import { type AgentSessionId, formatSessionId, newCorrelationId, newSessionKey } from '../ids.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type { ReplyOptions } from './envelope-headers.ts';
import { errorReply, isOwnFault } from './problem.ts';
import type { HttpReply } from './reply.ts';
import { parseRunRequest, type RawRequest, type RunEnvelope, type RunRequestRules } from './run-request.ts';
import { runReply } from './run-response.ts';

export interface RunEndpoint extends RunRequestRules, ReplyOptions {
  agentName: string;
  client: Pick<AgentClient, 'runAgent'>;
  /** Longest wait for an answer, in milliseconds. */
  waitTimeoutMs: number;
  log: Logger;
  /** Who asks, as the app sees it. Only asked for requests that are accepted otherwise. May reject. */
  caller?: (() => Promise<JsonValue | undefined>) | undefined;
  /** The request's place in a trace. */
  traceContext?: JsonObject | undefined;
  /** Told of a turn that nobody waits for, before it is sent: its events may be asked for later. May reject. */
  beforeStart?: ((turn: { sessionId: AgentSessionId; correlationId: string }) => Promise<void>) | undefined;
}

/** Serves `POST agents/{agent}/run`: one message in, the answer or an acknowledgement out. Never rejects. */
export async function serveRun(raw: RawRequest, endpoint: RunEndpoint): Promise<HttpReply> {
  const parsed = await parseRunRequest(raw, endpoint);
  if ('error' in parsed) return refuse(parsed.error, parsed.envelope, endpoint);
  const { message, text, wait, idempotencyKey, responseFormat, enableToolCalls } = parsed.request;
  const given = parsed.envelope.sessionKey;
  const { sessionKey, correlationId } =
    idempotencyKey === undefined
      ? { sessionKey: given ?? newSessionKey(), correlationId: newCorrelationId() }
      : turnOfKey(endpoint.agentName, given, idempotencyKey);
  const envelope = { ...parsed.envelope, sessionKey };
  try {
    if (!wait)
      await endpoint.beforeStart?.({ sessionId: formatSessionId(endpoint.agentName, sessionKey), correlationId });
    const result = await endpoint.client.runAgent({
      agentName: endpoint.agentName,
      input: [message],
      sessionKey,
      wait,
      idempotencyKey,
      correlationId,
      traceContext: endpoint.traceContext,
      timeoutMs: endpoint.waitTimeoutMs,
      responseFormat,
      enableToolCalls,
      caller: await endpoint.caller?.(),
    });
    return runReply(result, text, envelope, endpoint);
  } catch (error) {
    return refuse(error, envelope, endpoint);
  }
}

function refuse(error: unknown, envelope: RunEnvelope, endpoint: RunEndpoint): HttpReply {
  if (isOwnFault(error)) {
    endpoint.log.error('A run request failed.', { agent: endpoint.agentName, error: logText(error) });
  }
  return errorReply(error, envelope, endpoint);
}

function logText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
