import type { AgentResponse } from '../agent/response.ts';
import type { RunAgentResult } from '../client/agent-client.ts';
import type { Approval } from '../entity/approvals.ts';
import type { JsonObject } from '../json.ts';
import { writeResponse } from '../state/response-codec.ts';
import { approvalView } from './approval-view.ts';
import {
  correlationFields,
  envelopeHeaders,
  headerForm,
  type ReplyOptions,
  sessionFields,
} from './envelope-headers.ts';
import { failedTurnReply } from './problem.ts';
import { type HttpReply, jsonReply, textReply } from './reply.ts';
import type { RunEnvelope } from './run-request.ts';

const acknowledgement = 'The message was accepted. The agent works on it.';
const waitsForApproval = 'The agent waits for approval of what it wants to do.';

/** The reply to a run: 200 with the answer, 202 while there is none, 500 if the turn failed. */
export function runReply(
  result: RunAgentResult,
  text: string,
  envelope: RunEnvelope,
  options: ReplyOptions,
): HttpReply {
  switch (result.status) {
    case 'accepted':
    case 'timeout':
      return acceptedReply(result.correlationId, text, envelope, options);
    case 'waiting':
      return acceptedReply(result.correlationId, text, envelope, options, result.pendingApprovals);
    case 'failed':
      return failedTurnReply(result.error, result.correlationId, envelope, options);
    case 'completed':
      return answerReply(result, text, envelope, options);
  }
}

function acceptedReply(
  correlationId: string,
  message: string,
  envelope: RunEnvelope,
  options: ReplyOptions,
  pending: readonly Approval[] = [],
): HttpReply {
  const headers = { ...envelopeHeaders(envelope, options), ...whereToAsk(envelope, correlationId) };
  const response = pending.length === 0 ? acknowledgement : waitsForApproval;
  if (envelope.kind === 'text') return textReply(202, response, headers);
  const body = {
    response,
    message,
    ...sessionFields(envelope.sessionKey, options),
    status: pending.length === 0 ? 'accepted' : 'waitingForApproval',
    ...(pending.length > 0 && { pendingApprovals: pending.map(approvalView) }),
    statusCode: 202,
    status_code: 202,
    ...correlationFields(correlationId),
  };
  return jsonReply(202, body, headers);
}

/** Relative to the run endpoint: it holds behind any prefix, and trusts no Host header. */
function whereToAsk({ sessionKey }: RunEnvelope, correlationId: string): Record<string, string> {
  if (sessionKey === undefined) return {};
  const session = encodeURIComponent(sessionKey);
  return {
    location: `sessions/${session}/runs/${encodeURIComponent(correlationId)}`,
    'retry-after': '1',
    'x-ms-correlation-id': headerForm(correlationId),
  };
}

function answerReply(
  result: Extract<RunAgentResult, { status: 'completed' }>,
  message: string,
  envelope: RunEnvelope,
  options: ReplyOptions,
): HttpReply {
  const { response, correlationId, messageCount } = result;
  const headers = envelopeHeaders(envelope, options);
  if (envelope.kind === 'text') {
    return textReply(200, response.text, { ...headers, 'x-durable-agent-model': modelHeader(response.metadata) });
  }
  const { value, metadata, ...facts } = response;
  const agentResponse = { type: 'agent_response', ...writeResponse(facts satisfies AgentResponse) };
  const body = {
    response: response.text,
    message,
    ...sessionFields(envelope.sessionKey, options),
    status: 'success',
    statusCode: 200,
    status_code: 200,
    ...correlationFields(correlationId),
    messageCount,
    message_count: messageCount,
    ...(value !== undefined && { result: value }),
    agentResponse,
    agent_response: agentResponse,
    metadata: metadata ?? {},
  };
  return jsonReply(200, body, headers);
}

/** Which model answered, and whether there was one: `openai gpt-5`, `offline (simulated)`. */
function modelHeader(metadata: JsonObject = {}): string {
  const { provider = 'unknown', modelId, simulated } = metadata;
  const parts = [provider, modelId === provider ? undefined : modelId, simulated === true ? '(simulated)' : undefined];
  return parts
    .filter((part) => typeof part === 'string')
    .join(' ')
    .replace(/[^\x20-\x7e]/g, '?');
}
