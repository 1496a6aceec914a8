import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { AgentClient } from '../../client/agent-client.ts';
import { turnOfKey } from '../../client/idempotency.ts';
import { SessionClient } from '../../client/session-client.ts';
import type { HttpReply } from '../../http/reply.ts';
import { type HttpStreamReply, type RecordedRun, serveRunStream, serveStream } from '../../http/stream-endpoint.ts';
import { formatSessionId, newCorrelationId, type SessionKey } from '../../ids.ts';
import type { JsonValue } from '../../json.ts';
import { injectTrace, readTrace } from '../../telemetry/trace-context.ts';
import type { HttpSettings, RegisteredAgent } from './app-options.ts';
import { contextLogger } from './context-logger.ts';
import { durableClientPort } from './durable-client.ts';
import { rawRequest, toResponse } from './http-messages.ts';
import type { AppParts } from './register-agents.ts';
import { sessionListPort } from './session-list-port.ts';

/** Starts a turn and answers with its events as they come. */
export async function streamRun(
  request: HttpRequest,
  context: InvocationContext,
  { agent, allowedRoles, keeping }: RegisteredAgent,
  http: HttpSettings,
  { waiters, running, watching }: AppParts,
  caller: (() => Promise<JsonValue | undefined>) | undefined,
): Promise<HttpResponseInit> {
  const log = contextLogger(context);
  const client = new AgentClient({ port: durableClientPort(context), waiters, log, history: keeping.history });
  const { store } = watching;
  const reply = await serveRunStream(rawRequest(request), {
    ...http,
    agentName: agent.name,
    allowedRoles,
    store,
    log,
    findRun: findRun(agent.name, keeping, context, running),
    startRun: async ({ message, idempotencyKey, responseFormat, enableToolCalls }, sessionKey) => {
      const turn =
        idempotencyKey === undefined
          ? { sessionKey, correlationId: newCorrelationId() }
          : turnOfKey(agent.name, sessionKey, idempotencyKey);
      // Before the turn begins: it only writes what somebody reads.
      await store.open({ sessionId: formatSessionId(agent.name, sessionKey), correlationId: turn.correlationId });
      await client.runAgent({
        agentName: agent.name,
        input: [message],
        ...turn,
        idempotencyKey,
        wait: false,
        responseFormat,
        enableToolCalls,
        caller: await caller?.(),
        traceContext: traceOf(request),
      });
      return { correlationId: turn.correlationId };
    },
  });
  return streamResponse(reply);
}

/** `GET agents/{agent}/sessions/{sessionId}/runs/{correlationId}/stream`. */
export function registerStreamTrigger({ agent, keeping }: RegisteredAgent, http: HttpSettings, parts: AppParts): void {
  app.http(`streamRun-${agent.name}`, {
    route: `agents/${agent.name}/sessions/{sessionId}/runs/{correlationId}/stream`,
    methods: ['GET'],
    authLevel: http.authLevel,
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
      const { sessionId = '', correlationId = '' } = request.params;
      const reply = await serveStream(
        rawRequest(request),
        { sessionId, correlationId },
        {
          ...http,
          agentName: agent.name,
          store: parts.watching.store,
          log: contextLogger(context),
          findRun: findRun(agent.name, keeping, context, parts.running),
        },
      );
      return streamResponse(reply);
    },
  });
}

/** The request's place in a trace, for the turn that it starts. */
export function traceOf(request: HttpRequest): ReturnType<typeof injectTrace> {
  return injectTrace(readTrace(request.headers.get('traceparent'), request.headers.get('tracestate')));
}

function findRun(
  agentName: string,
  { history }: RegisteredAgent['keeping'],
  context: InvocationContext,
  running: AppParts['running'],
) {
  const client = new SessionClient({
    port: sessionListPort(context),
    running: (session, correlation) => running.has(session, correlation),
    history,
  });
  return async (sessionKey: SessionKey, correlationId: string): Promise<RecordedRun> => {
    const run = await client.getRun(agentName, sessionKey, correlationId);
    if (run === undefined) return { status: 'unknown' };
    return run.status === 'completed' || run.status === 'failed' ? run : { status: 'running' };
  };
}

function streamResponse(reply: HttpReply | HttpStreamReply): HttpResponseInit {
  return typeof reply.body === 'string' ? toResponse(reply as HttpReply) : { ...reply };
}
