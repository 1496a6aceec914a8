import { RuntimeUnavailableError } from '../client/agent-client.ts';
import { DurableAgentError, RequestError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { type AgentFailure, resultUnavailable } from '../state/answer.ts';
import { withoutUndefined } from '../state/content-codec.ts';
import { correlationFields, envelopeHeaders, type ReplyOptions, sessionFields } from './envelope-headers.ts';
import { goneReply } from './gone-reply.ts';
import { type HttpReply, jsonReply, textReply } from './reply.ts';
import type { RunEnvelope } from './run-request.ts';

/** The reply to a request that could not be served. An error that is not ours gives away nothing of itself. */
export function errorReply(error: unknown, envelope: RunEnvelope, options: ReplyOptions): HttpReply {
  const { status, code, message } = problemOf(error);
  return problemReply(status, code, message, message, envelope, options);
}

/** The reply to a turn that failed: 500, with the failure as an object; 410 if only its end is still known. */
export function failedTurnReply(
  failure: AgentFailure,
  correlationId: string,
  envelope: RunEnvelope,
  options: ReplyOptions,
): HttpReply {
  const { code, message } = failure;
  if (code === resultUnavailable) return goneReply(failure, correlationId, envelope, options);
  const error = withoutUndefined({ ...failure });
  return problemReply(500, code, message, error, envelope, options, correlationId);
}

/** 404 for an agent that does not exist; lists those that do where `known` says so. */
export function unknownAgentReply(
  name: string,
  known: readonly string[] | undefined,
  envelope: RunEnvelope,
  options: ReplyOptions,
): HttpReply {
  const message = `There is no agent "${name}".${known === undefined ? '' : ` Registered: ${known.join(', ')}.`}`;
  return errorReply(new RequestError('agentNotFound', 404, message), envelope, options);
}

/** Whether an error is the app's own fault and belongs in its log. */
export function isOwnFault(error: unknown): boolean {
  return !(error instanceof RequestError);
}

function problemOf(error: unknown): { status: number; code: string; message: string } {
  if (error instanceof RequestError) {
    const { status, code, message, fix } = error;
    return { status, code, message: fix === undefined ? message : `${message} ${fix}` };
  }
  if (DurableAgentError.is(error)) {
    const { code, message } = error;
    return { status: error instanceof RuntimeUnavailableError ? 503 : 500, code, message };
  }
  return { status: 500, code: 'internalError', message: 'The request failed. The log of the app has the details.' };
}

function problemReply(
  status: number,
  code: string,
  text: string,
  error: JsonValue,
  envelope: RunEnvelope,
  options: ReplyOptions,
  correlationId?: string,
): HttpReply {
  const headers = envelopeHeaders(envelope, options);
  if (envelope.kind === 'text') return textReply(status, text, headers);
  const body = {
    status: 'failed',
    statusCode: status,
    status_code: status,
    errorCode: code,
    error_code: code,
    error,
    ...sessionFields(envelope.sessionKey, options),
    ...correlationFields(correlationId),
  };
  return jsonReply(status, body, headers);
}
