import { app } from '@azure/functions';
import * as df from 'durable-functions';
import { resolveFor } from '../../agent/resolve-tools.ts';
import { readToolArguments } from '../../agent/tool-arguments.ts';
import { AgentClient } from '../../client/agent-client.ts';
import type { TurnWaiters } from '../../client/turn-waiters.ts';
import { serveCancel, serveDecision } from '../../http/turn-endpoint.ts';
import { formatSessionId } from '../../ids.ts';
import type { HttpSettings, RegisteredAgent } from './app-options.ts';
import { contextLogger } from './context-logger.ts';
import { durableClientPort } from './durable-client.ts';
import { rawRequest, toResponse } from './http-messages.ts';
import type { RunningSteps } from './running-steps.ts';

/** `POST …/sessions/{sessionId}/approvals/{callId}` and `POST …/sessions/{sessionId}/runs/{correlationId}/cancel`. */
export function registerTurnTriggers(
  { agent }: RegisteredAgent,
  http: HttpSettings,
  waiters: TurnWaiters,
  running: RunningSteps,
): void {
  const base = `agents/${agent.name}/sessions/{sessionId}`;
  const shared = { methods: ['POST' as const], authLevel: http.authLevel, extraInputs: [df.input.durableClient()] };
  app.http(`approveCall-${agent.name}`, {
    ...shared,
    route: `${base}/approvals/{callId}`,
    handler: async (request, context) => {
      const log = contextLogger(context);
      const client = new AgentClient({ port: durableClientPort(context), waiters, log });
      const { sessionId = '', callId = '' } = request.params;
      const argumentsProblem = async (name: string, args: Parameters<typeof readToolArguments>[1]) => {
        const { tools } = await resolveFor(agent, [name], { signal: AbortSignal.timeout(30_000), log });
        const tool = tools.find((candidate) => candidate.name === name);
        const result = tool && (await readToolArguments(tool, args));
        return result === undefined || result.ok ? undefined : result.problem;
      };
      const endpoint = { ...http, agentName: agent.name, sessionId, client, log, argumentsProblem };
      return toResponse(await serveDecision(rawRequest(request), callId, endpoint));
    },
  });
  app.http(`cancelRun-${agent.name}`, {
    ...shared,
    route: `${base}/runs/{correlationId}/cancel`,
    handler: async (request, context) => {
      const log = contextLogger(context);
      const client = new AgentClient({
        port: durableClientPort(context),
        waiters,
        log,
        running: (session, correlation) => running.has(session, correlation),
      });
      const { sessionId = '', correlationId = '' } = request.params;
      const stopHere: Parameters<typeof serveCancel>[1]['stopHere'] = (key, correlation) => {
        running.abort(formatSessionId(agent.name, key), correlation);
      };
      return toResponse(
        await serveCancel(correlationId, { ...http, agentName: agent.name, sessionId, client, log, stopHere }),
      );
    },
  });
}
