import type { SessionPage } from '../client/session-client.ts';
import type { SessionMessage, SessionView } from '../client/session-view.ts';
import type { JsonObject } from '../json.ts';
import type { AgentFailure } from '../state/answer.ts';
import { withoutUndefined } from '../state/content-codec.ts';
import { storeMessageLossless } from '../state/message-codec.ts';
import { isObject } from '../state/stored-fields.ts';
import { approvalView } from './approval-view.ts';
import { correlationFields, envelopeHeaders, type ReplyOptions, sessionFields } from './envelope-headers.ts';
import { type HttpReply, jsonReply } from './reply.ts';
import type { RunEnvelope } from './run-request.ts';

/** A session as callers see it, with its last messages. */
export function sessionJson(view: SessionView, messageCount: number): JsonObject {
  const { sessionId: _, agentName, messages, pendingApprovals, ...facts } = view;
  return withoutUndefined({
    ...facts,
    agent: agentName,
    pendingApprovals: pendingApprovals.map(approvalView),
    // slice(-0) would be all of them.
    messages: messageCount === 0 ? [] : messages.slice(-messageCount).map(messageJson),
  });
}

export function pageJson(agent: string, { sessions, continuation }: SessionPage): JsonObject {
  return withoutUndefined({
    agent,
    sessions: sessions.map((session) => withoutUndefined({ ...session })),
    continuation,
  });
}

/** 410: the turn has ended, how it did is known, and its result is gone. */
export function goneReply(
  { code, message, details }: AgentFailure,
  correlationId: string,
  envelope: RunEnvelope,
  options: ReplyOptions,
): HttpReply {
  const outcome = isObject(details) && typeof details.outcome === 'string' ? details.outcome : 'unknown';
  const body: JsonObject = {
    status: 'completedResultUnavailable',
    statusCode: 410,
    status_code: 410,
    ...sessionFields(envelope.sessionKey, options),
    ...correlationFields(correlationId),
    outcome,
    completionOutcome: outcome,
    completion_outcome: outcome,
    errorCode: code,
    error_code: code,
    error: { code, message },
  };
  return jsonReply(410, body, { ...envelopeHeaders(envelope, options), 'x-ms-agent-completion-outcome': outcome });
}

function messageJson({ correlationId, ...message }: SessionMessage): JsonObject {
  return withoutUndefined({ ...storeMessageLossless(message), correlationId });
}
