import { app, type HttpRequest, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { SessionClient } from '../../client/session-client.ts';
import type { HttpReply } from '../../http/reply.ts';
import {
  type SessionEndpoint,
  serveRunResult,
  serveSession,
  serveSessionDelete,
  serveSessionList,
  serveSessionReset,
} from '../../http/session-endpoint.ts';
import { expiryOrchestration, sweepActivity, waitForExpiry } from '../../session/expiry-orchestration.ts';
import type { HttpSettings, RegisteredAgent } from './app-options.ts';
import { contextLogger } from './context-logger.ts';
import { rawRequest, toResponse } from './http-messages.ts';
import type { RunningSteps } from './running-steps.ts';
import { sessionListPort } from './session-list-port.ts';
import { sweepExpiryChecks } from './sweep-expiry-checks.ts';

type Serve = (request: HttpRequest, endpoint: SessionEndpoint) => Promise<HttpReply>;

/** The endpoints with which sessions are listed, read, reset and deleted, and a run's outcome is fetched. */
export function registerSessionTriggers(
  { agent, keeping }: Pick<RegisteredAgent, 'agent' | 'keeping'>,
  http: HttpSettings,
  running: Pick<RunningSteps, 'has'>,
): void {
  // The action comes first: behind an agent's name it could be part of another agent's name.
  const register = (name: string, method: 'GET' | 'POST' | 'DELETE', route: string, serve: Serve) => {
    app.http(`${name}-${agent.name}`, {
      route: `agents/${agent.name}/sessions${route}`,
      methods: [method],
      authLevel: http.authLevel,
      extraInputs: [df.input.durableClient()],
      handler: async (request, context) => {
        const client = new SessionClient({
          port: sessionListPort(context),
          running: (session, correlation) => running.has(session, correlation),
          history: keeping.history,
        });
        const endpoint = { ...http, agentName: agent.name, client, log: contextLogger(context) };
        return toResponse(await serve(request, endpoint));
      },
    });
  };
  const session = ({ params }: HttpRequest) => params.sessionId ?? '';
  register('listSessions', 'GET', '', (request, endpoint) => serveSessionList(request, endpoint));
  register('readSession', 'GET', '/{sessionId}', (request, endpoint) =>
    serveSession(request, session(request), endpoint),
  );
  register('deleteSession', 'DELETE', '/{sessionId}', (request, endpoint) =>
    serveSessionDelete(session(request), endpoint),
  );
  register('resetSession', 'POST', '/{sessionId}/reset', (request, endpoint) =>
    serveSessionReset(session(request), endpoint),
  );
  register('readRun', 'GET', '/{sessionId}/runs/{correlationId}', (request, endpoint) =>
    serveRunResult(rawRequest(request), session(request), request.params.correlationId ?? '', endpoint),
  );
}

/** The orchestration that waits for the end of sessions. Register it once an app. */
export function registerSessionExpiry(): void {
  df.app.orchestration(expiryOrchestration, function* ({ df: calls }: df.OrchestrationContext) {
    const port = {
      instanceId: calls.instanceId,
      now: () => calls.currentUtcDateTime,
      createTimer: (fireAt: Date): df.Task => calls.createTimer(fireAt),
      callEntity: (name: string, key: string, operation: string, input: object): df.Task =>
        calls.callEntity(new df.EntityId(name, key), operation, input),
      callActivity: (name: string, input: object): df.Task => calls.callActivity(name, input),
      continueAsNew: (input: object) => void calls.continueAsNew(input),
    };
    return yield* waitForExpiry<df.Task>(port, calls.getInput());
  });
  df.app.activity(sweepActivity, {
    extraInputs: [df.input.durableClient()],
    handler: (_input: unknown, context: InvocationContext) => sweepExpiryChecks(context),
  });
}
