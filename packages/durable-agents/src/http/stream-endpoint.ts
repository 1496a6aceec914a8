import { RequestError } from '../errors.ts';
import { checkSessionKey, formatSessionId, newSessionKey, type SessionKey } from '../ids.ts';
import type { Logger } from '../log.ts';
import type { Answer } from '../state/answer.ts';
import { eventStreamEncoder, plainTextEncoder, type StreamEncoder } from '../stream/encode-events.ts';
import { followTurn } from '../stream/follow-turn.ts';
import { streamBody } from '../stream/stream-body.ts';
import type { StreamStore, TurnKey } from '../stream/stream-store.ts';
import type { TurnEnd } from '../stream/turn-event.ts';
import { envelopeHeaders, type ReplyOptions } from './envelope-headers.ts';
import { errorReply, isOwnFault } from './problem.ts';
import type { HttpReply } from './reply.ts';
import {
  envelopeOf,
  type HttpRunRequest,
  parseRunRequest,
  type RawRequest,
  type RunEnvelope,
  type RunRequestRules,
} from './run-request.ts';

/** A reply whose body comes piece by piece. Cancelling the body ends the reading, never the turn. */
export interface HttpStreamReply {
  status: number;
  headers: Record<string, string>;
  body: ReadableStream<Uint8Array>;
}

/** What is recorded of a turn. */
export type RecordedRun = { status: 'unknown' } | { status: 'running' } | Answer;

export interface StreamEndpoint extends ReplyOptions {
  agentName: string;
  store: StreamStore;
  /** Looks the turn up in its session. */
  findRun(sessionKey: SessionKey, correlationId: string): Promise<RecordedRun>;
  log: Logger;
  /** Time without an event after which there is a ping, in milliseconds. Default: 15,000. */
  pingMs?: number | undefined;
  /**
   * Time after which a stream ends and its reader has to come back, in milliseconds; below the time limit of the
   * function that serves it. Default: 240,000.
   */
  maxDurationMs?: number | undefined;
}

export interface RunStreamEndpoint extends StreamEndpoint, RunRequestRules {
  /** Starts a turn without waiting for it. May throw RequestError. */
  startRun(request: HttpRunRequest, sessionKey: SessionKey): Promise<{ correlationId: string }>;
}

/** Whether a caller wants server-sent events. */
export function wantsEventStream(accept: string | null): boolean {
  return (accept ?? '').split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === 'text/event-stream' && !parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter));
  });
}

/**
 * Serves `POST agents/{agent}/run` for those who accept `text/event-stream`: starts the turn and streams it. Never
 * rejects.
 */
export async function serveRunStream(
  raw: RawRequest,
  endpoint: RunStreamEndpoint,
): Promise<HttpReply | HttpStreamReply> {
  const parsed = await parseRunRequest(raw, endpoint);
  if ('error' in parsed) return refuse(parsed.error, parsed.envelope, endpoint);
  const sessionKey = parsed.envelope.sessionKey ?? newSessionKey();
  const envelope = { ...parsed.envelope, sessionKey };
  try {
    const { correlationId } = await endpoint.startRun(parsed.request, sessionKey);
    const key = { sessionId: formatSessionId(endpoint.agentName, sessionKey), correlationId };
    await open(key, endpoint);
    return streamReply(key, sessionKey, undefined, eventStreamEncoder, envelope, endpoint);
  } catch (error) {
    return refuse(error, envelope, endpoint);
  }
}

/**
 * Serves `GET agents/{agent}/sessions/{session}/runs/{run}/stream`, from the beginning or after the event that
 * `Last-Event-ID` or the query's `cursor` names. `Accept: text/plain` asks for the bare text. Never rejects.
 */
export async function serveStream(
  raw: Pick<RawRequest, 'header' | 'query'>,
  path: { sessionId: string; correlationId: string },
  endpoint: StreamEndpoint,
): Promise<HttpReply | HttpStreamReply> {
  const envelope: RunEnvelope = envelopeOf(raw);
  try {
    const sessionKey = checkSessionKey(path.sessionId);
    envelope.sessionKey = sessionKey;
    const { correlationId } = path;
    const key = { sessionId: formatSessionId(endpoint.agentName, sessionKey), correlationId };
    if (!(await isKnown(key, sessionKey, endpoint))) {
      const fix = 'Look at the session and at the correlation id of the reply that started the run.';
      throw new RequestError('runNotFound', 404, 'There is no such run in this session.', { fix });
    }
    const cursor = raw.header('last-event-id') || raw.query.get('cursor') || undefined;
    const accept = raw.header('accept');
    const encoder = isPlainText(accept) ? plainTextEncoder() : eventStreamEncoder;
    return streamReply(key, sessionKey, cursor, encoder, envelope, endpoint);
  } catch (error) {
    return refuse(error, envelope, endpoint);
  }
}

function streamReply(
  key: TurnKey,
  sessionKey: SessionKey,
  afterId: string | undefined,
  encoder: StreamEncoder,
  envelope: RunEnvelope,
  endpoint: StreamEndpoint,
): HttpStreamReply {
  const { store, log, pingMs = 15_000, maxDurationMs = 240_000 } = endpoint;
  const controller = new AbortController();
  const readEnd = async () => endOf(await endpoint.findRun(sessionKey, key.correlationId));
  const parts = followTurn({ store, key, afterId, readEnd, controller, log, pingMs, maxDurationMs });
  return {
    status: 200,
    headers: {
      'content-type': encoder.contentType,
      'cache-control': 'no-cache, no-transform',
      // Asks proxies that would collect the answer first not to.
      'x-accel-buffering': 'no',
      'x-ms-correlation-id': key.correlationId.replace(/[^\x21-\x7e]/gu, encodeURIComponent),
      ...envelopeHeaders(envelope, endpoint),
    },
    body: streamBody(parts, encoder, controller),
  };
}

/** A reader that comes before the first event must not be told that there is no such run. */
async function open(key: TurnKey, { store, log }: StreamEndpoint): Promise<void> {
  try {
    await store.open(key);
  } catch (error) {
    // The turn has been started: its caller is better off with a stream that says nothing but the end.
    log.warn('A stream could not be opened.', { correlationId: key.correlationId, error: String(error) });
  }
}

async function isKnown(key: TurnKey, sessionKey: SessionKey, endpoint: StreamEndpoint): Promise<boolean> {
  if (await endpoint.store.exists(key)) return true;
  return (await endpoint.findRun(sessionKey, key.correlationId)).status !== 'unknown';
}

function endOf(run: RecordedRun): TurnEnd | undefined {
  switch (run.status) {
    case 'completed': {
      const { text, value, finishReason, usage } = run.response;
      const facts = { ...(value !== undefined && { value }), ...(finishReason && { finishReason }) };
      return { type: 'done', outcome: 'completed', text, ...facts, ...(usage && { usage }) };
    }
    case 'failed':
      return { type: 'done', outcome: 'failed', error: { code: run.error.code, message: run.error.message } };
    default:
      return undefined;
  }
}

function isPlainText(accept: string | null): boolean {
  return !wantsEventStream(accept) && (accept ?? '').toLowerCase().includes('text/plain');
}

function refuse(error: unknown, envelope: RunEnvelope, endpoint: StreamEndpoint): HttpReply {
  if (isOwnFault(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    endpoint.log.error('A stream request failed.', { agent: endpoint.agentName, error: text });
  }
  return errorReply(error, envelope, endpoint);
}
