import type { AgentClient } from '../client/agent-client.ts';
import { RequestError } from '../errors.ts';
import { checkSessionKey, type SessionKey } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { Logger } from '../log.ts';
import { isObject } from '../state/stored-fields.ts';
import { approvalView } from './approval-view.ts';
import { envelopeHeaders, type ReplyOptions, sessionFields } from './envelope-headers.ts';
import { parseJsonBody } from './json-body.ts';
import { errorReply, isOwnFault } from './problem.ts';
import { type HttpReply, jsonReply } from './reply.ts';
import type { RawRequest, RunEnvelope } from './run-request.ts';

export interface TurnEndpoint extends ReplyOptions {
  agentName: string;
  /** From the route, as it stands there. */
  sessionId: string;
  client: Pick<AgentClient, 'decide' | 'cancel'>;
  maxBodyBytes: number;
  log: Logger;
}

/**
 * Serves `POST agents/{agent}/sessions/{sessionId}/approvals/{callId}` with
 * `{"approved": true|false, "reason"?: "…", "arguments"?: {…}}`. Never rejects.
 */
export function serveDecision(
  raw: RawRequest,
  callId: string,
  endpoint: TurnEndpoint & { argumentsProblem: (tool: string, args: JsonObject) => Promise<string | undefined> },
): Promise<HttpReply> {
  return serve(endpoint, async (sessionKey) => {
    const decision = readDecision(parseJsonBody(await raw.readBody(endpoint.maxBodyBytes)));
    const { agentName, client, argumentsProblem } = endpoint;
    const result = await client.decide({ agentName, sessionKey, callId, ...decision, argumentsProblem });
    if (result.status === 'accepted') return { status: 202, body: { status: 'accepted', callId } };
    return {
      status: 200,
      body: { status: 'decided', repeated: result.repeated, ...approvalView(result.approval) },
    };
  });
}

/** Serves `POST agents/{agent}/sessions/{sessionId}/runs/{correlationId}/cancel`. Never rejects. */
export function serveCancel(
  correlationId: string,
  endpoint: TurnEndpoint & { stopHere: (sessionKey: SessionKey, correlationId: string) => void },
): Promise<HttpReply> {
  return serve(endpoint, async (sessionKey) => {
    await endpoint.client.cancel(endpoint.agentName, sessionKey, correlationId);
    // After the order is on disk: the turn then ends as cancelled, and not as broken.
    endpoint.stopHere(sessionKey, correlationId);
    return { status: 202, body: { status: 'canceling', correlationId } };
  });
}

async function serve(
  endpoint: TurnEndpoint,
  run: (sessionKey: SessionKey) => Promise<{ status: number; body: JsonObject }>,
): Promise<HttpReply> {
  const envelope: RunEnvelope = { kind: 'json', usedOldNames: false };
  try {
    envelope.sessionKey = checkSessionKey(endpoint.sessionId);
    const { status, body } = await run(envelope.sessionKey);
    const reply = { ...sessionFields(envelope.sessionKey, endpoint), ...body, statusCode: status };
    return jsonReply(status, reply, envelopeHeaders(envelope, endpoint));
  } catch (error) {
    if (isOwnFault(error)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      endpoint.log.error('A request about a turn failed.', { agent: endpoint.agentName, error: text });
    }
    return errorReply(error, envelope, endpoint);
  }
}

function readDecision(body: unknown): { approved: boolean; reason?: string; arguments?: JsonObject } {
  if (!isObject(body)) throw invalid('The JSON body must be an object.');
  const { approved, reason, arguments: args } = body;
  if (typeof approved !== 'boolean') throw invalid('The field "approved" must be true or false.');
  if (reason !== undefined && typeof reason !== 'string') throw invalid('The field "reason" must be a text.');
  if (args !== undefined && !isObject(args)) throw invalid('The field "arguments" must be an object.');
  return {
    approved,
    ...(reason !== undefined && { reason }),
    ...(args !== undefined && { arguments: args as JsonObject }),
  };
}

function invalid(message: string): RequestError {
  return new RequestError('invalidDecision', 400, message, {
    fix: 'Send {"approved": true} or {"approved": false, "reason": "…"}.',
  });
}
