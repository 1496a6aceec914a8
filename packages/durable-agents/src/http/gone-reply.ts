import type { JsonObject } from '../json.ts';
import type { AgentFailure } from '../state/answer.ts';
import { isObject } from '../state/stored-fields.ts';
import { correlationFields, envelopeHeaders, type ReplyOptions, sessionFields } from './envelope-headers.ts';
import { type HttpReply, jsonReply, textReply } from './reply.ts';
import type { RunEnvelope } from './run-request.ts';

/** 410: the turn has ended, how it did is known, and its result is gone. */
export function goneReply(
  { code, message, details }: AgentFailure,
  correlationId: string,
  envelope: RunEnvelope,
  options: ReplyOptions,
): HttpReply {
  const outcome = isObject(details) && typeof details.outcome === 'string' ? details.outcome : 'unknown';
  const headers = { ...envelopeHeaders(envelope, options), 'x-ms-agent-completion-outcome': outcome };
  if (envelope.kind === 'text') return textReply(410, message, headers);
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
  return jsonReply(410, body, headers);
}
