import type { SessionClient } from '../client/session-client.ts';
import { RequestError } from '../errors.ts';
import { type CorrelationId, checkSessionKey, type SessionKey } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { Logger } from '../log.ts';
import { correlationFields, envelopeHeaders, type ReplyOptions, sessionFields } from './envelope-headers.ts';
import { errorReply, isOwnFault } from './problem.ts';
import { type HttpReply, jsonReply } from './reply.ts';
import type { RawRequest, RunEnvelope } from './run-request.ts';
import { runReply } from './run-response.ts';
import { pageJson, sessionJson } from './session-json.ts';

export interface SessionEndpoint extends ReplyOptions {
  agentName: string;
  client: Pick<SessionClient, 'get' | 'list' | 'getRun' | 'reset' | 'delete'>;
  log: Logger;
}

/** Seconds after which to ask again for a turn that has not ended. */
const retryAfterSeconds = '1';

const maxCorrelationIdLength = 256;
const defaultMessages = 100;
const maxMessages = 1_000;

type Query = Pick<RawRequest, 'query'>;

/** Serves `GET agents/{agent}/sessions?prefix=&top=&continuation=`. Never rejects. */
export function serveSessionList({ query }: Query, endpoint: SessionEndpoint): Promise<HttpReply> {
  return serve(undefined, endpoint, async (_, envelope) => {
    const page = await endpoint.client.list(endpoint.agentName, {
      prefix: query.get('prefix') ?? undefined,
      pageSize: readCount(query, 'top', 100, maxMessages),
      continuation: query.get('continuation') ?? undefined,
    });
    return jsonReply(200, pageJson(endpoint.agentName, page), envelopeHeaders(envelope, endpoint));
  });
}

/** Serves `GET agents/{agent}/sessions/{sessionId}?messages=`: the last messages, 100 by default, oldest first. */
export function serveSession({ query }: Query, sessionId: string, endpoint: SessionEndpoint): Promise<HttpReply> {
  return serve(sessionId, endpoint, async (key, envelope) => {
    const count = readCount(query, 'messages', defaultMessages, maxMessages, 0);
    const view = await endpoint.client.get(endpoint.agentName, key);
    if (view === undefined) throw sessionNotFound();
    const body = { ...sessionFields(key, endpoint), ...sessionJson(view, count) };
    return jsonReply(200, body, envelopeHeaders(envelope, endpoint));
  });
}

/** Serves `DELETE agents/{agent}/sessions/{sessionId}`: 200 when it is gone, 202 when it will be. */
export function serveSessionDelete(sessionId: string, endpoint: SessionEndpoint): Promise<HttpReply> {
  return serveOrder(sessionId, endpoint, 'deleted', (key) => endpoint.client.delete(endpoint.agentName, key));
}

/** Serves `POST agents/{agent}/sessions/{sessionId}/reset`: 200 when it is cleared, 202 when it will be. */
export function serveSessionReset(sessionId: string, endpoint: SessionEndpoint): Promise<HttpReply> {
  return serveOrder(sessionId, endpoint, 'reset', (key) => endpoint.client.reset(endpoint.agentName, key));
}

/**
 * Serves `GET agents/{agent}/sessions/{sessionId}/runs/{correlationId}`: as the run endpoint would answer now, 202
 * while the turn has not ended, 410 if it has and its result is gone, 404 if nothing is known of it.
 */
export function serveRunResult(
  raw: Pick<RawRequest, 'header'>,
  sessionId: string,
  correlationId: string,
  endpoint: SessionEndpoint,
): Promise<HttpReply> {
  return serve(sessionId, endpoint, async (sessionKey, envelope) => {
    const id = checkCorrelationId(correlationId);
    const run = await endpoint.client.getRun(endpoint.agentName, sessionKey, id);
    if (run === undefined) throw runNotFound();
    const turn = { sessionKey, correlationId: id };
    // The body of a GET has no type; what the caller accepts decides.
    const wanted = { ...envelope, kind: isTextWanted(raw.header('accept')) ? ('text' as const) : ('json' as const) };
    switch (run.status) {
      case 'failed':
      case 'completed':
        return runReply({ ...run, ...turn }, run.message, wanted, endpoint);
      case 'waitingForApproval':
        return runReply({ ...run, ...turn, status: 'waiting' }, '', wanted, endpoint);
      case 'running':
      case 'queued':
      case 'accepted': {
        const body = { status: run.status, statusCode: 202, status_code: 202, ...correlationFields(id) };
        const headers = { ...envelopeHeaders(envelope, endpoint), 'retry-after': retryAfterSeconds };
        return jsonReply(202, { ...sessionFields(sessionKey, endpoint), ...body }, headers);
      }
    }
  });
}

function serveOrder(
  sessionId: string,
  endpoint: SessionEndpoint,
  doneStatus: string,
  order: (key: SessionKey) => Promise<'done' | 'accepted' | 'notFound'>,
): Promise<HttpReply> {
  return serve(sessionId, endpoint, async (key, envelope) => {
    const outcome = await order(key);
    if (outcome === 'notFound') throw sessionNotFound();
    const statusCode = outcome === 'done' ? 200 : 202;
    const status = outcome === 'done' ? doneStatus : 'accepted';
    const body: JsonObject = { ...sessionFields(key, endpoint), status, statusCode, status_code: statusCode };
    return jsonReply(statusCode, body, envelopeHeaders(envelope, endpoint));
  });
}

async function serve(
  sessionId: string | undefined,
  endpoint: SessionEndpoint,
  run: (key: SessionKey, envelope: RunEnvelope) => Promise<HttpReply>,
): Promise<HttpReply> {
  const envelope: RunEnvelope = { kind: 'json', usedOldNames: false };
  try {
    if (sessionId !== undefined) envelope.sessionKey = checkSessionKey(sessionId);
    return await run(envelope.sessionKey ?? ('' as SessionKey), envelope);
  } catch (error) {
    if (isOwnFault(error)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      endpoint.log.error('A request about a session failed.', { agent: endpoint.agentName, error: text });
    }
    return errorReply(error, envelope, endpoint);
  }
}

function checkCorrelationId(id: string): CorrelationId {
  if (id.trim() !== '' && id.length <= maxCorrelationIdLength && !/\p{Cc}/u.test(id)) return id as CorrelationId;
  const rule = `A correlation id has 1 to ${maxCorrelationIdLength} characters, is not blank and has no control characters.`;
  throw new RequestError('invalidCorrelationId', 400, rule);
}

function readCount(query: URLSearchParams, name: string, otherwise: number, max: number, min = 1): number {
  const text = query.get(name);
  if (text === null || text.trim() === '') return otherwise;
  const count = Number(text);
  if (Number.isInteger(count) && count >= min && count <= max) return count;
  throw new RequestError('invalidNumber', 400, `${name} must be a whole number from ${min} to ${max}.`);
}

function isTextWanted(accept: string | null): boolean {
  return accept?.includes('text/plain') === true && !accept.includes('json');
}

function sessionNotFound(): RequestError {
  return new RequestError('sessionNotFound', 404, 'There is no such session, or it has not answered yet.');
}

function runNotFound(): RequestError {
  return new RequestError('runNotFound', 404, 'The session does not know this run, or has not begun it yet.');
}
