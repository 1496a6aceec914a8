import { app } from '@azure/functions';
import * as df from 'durable-functions';
import { toJsonResult } from '../../agent/to-json-result.ts';
import { AgentClient } from '../../client/agent-client.ts';
import { unknownAgentReply } from '../../http/problem.ts';
import { serveRun } from '../../http/run-endpoint.ts';
import { envelopeOf } from '../../http/run-request.ts';
import { wantsEventStream } from '../../http/stream-endpoint.ts';
import type { JsonObject } from '../../json.ts';
import type { HttpSettings, RegisteredAgent } from './app-options.ts';
import { contextLogger } from './context-logger.ts';
import { durableClientPort } from './durable-client.ts';
import { rawRequest, toResponse } from './http-messages.ts';
import type { AppParts } from './register-agents.ts';
import { streamRun, traceOf } from './stream-triggers.ts';

/** `POST agents/{agent}/run`. */
export function registerRunTrigger(registered: RegisteredAgent, http: HttpSettings, parts: AppParts): void {
  const { agent, allowedRoles, keeping } = registered;
  const { mapCaller } = http;
  app.http(`http-${agent.name}`, {
    route: `agents/${agent.name}/run`,
    methods: ['POST'],
    authLevel: http.authLevel,
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
      const log = contextLogger(context);
      const caller = mapCaller && (async () => toJsonResult(await mapCaller(request)));
      if (http.enableStreaming && wantsEventStream(request.headers.get('accept'))) {
        return streamRun(request, context, registered, http, parts, caller);
      }
      const client = new AgentClient({
        port: durableClientPort(context),
        waiters: parts.waiters,
        log,
        history: keeping.history,
      });
      return toResponse(
        await serveRun(rawRequest(request), {
          ...http,
          agentName: agent.name,
          allowedRoles,
          client,
          log,
          caller,
          traceContext: traceOf(request),
          ...(http.enableStreaming && { beforeStart: (key) => parts.watching.store.open(key) }),
        }),
      );
    },
  });
}

/** The same route for names that no agent has; the host prefers the routes above. */
export function registerUnknownAgentTrigger(names: readonly string[], http: HttpSettings): void {
  app.http('http-agent-not-found', {
    route: 'agents/{agentName}/run',
    methods: ['POST'],
    authLevel: http.authLevel,
    handler: async (request) => {
      // Which agents there are is nobody's business in production.
      const known = process.env.AZURE_FUNCTIONS_ENVIRONMENT === 'Development' ? names : undefined;
      const envelope = envelopeOf(rawRequest(request));
      return toResponse(unknownAgentReply(request.params.agentName ?? '', known, envelope, http));
    },
  });
}

/** `GET health`. */
export function registerHealthTrigger(
  agents: readonly RegisteredAgent[],
  workflows: readonly { name: string; enableHttp: boolean }[],
  http: HttpSettings,
): void {
  const body = healthBody(agents, workflows);
  app.http('health_check', {
    route: 'health',
    methods: ['GET'],
    authLevel: http.authLevel,
    handler: async () => ({ jsonBody: body }),
  });
}

function healthBody(
  agents: readonly RegisteredAgent[],
  workflows: readonly { name: string; enableHttp: boolean }[],
): JsonObject {
  return {
    status: 'healthy',
    agents: agents.map(({ agent, enableHttp }) => ({
      name: agent.name,
      type: 'Agent',
      http_endpoint_enabled: enableHttp,
      mcp_tool_enabled: false,
      model: {
        provider: agent.model.provider,
        modelId: agent.model.modelId ?? null,
        simulated: agent.model.simulated,
      },
    })),
    agent_count: agents.length,
    workflows: workflows.map(({ name, enableHttp }) => ({ name, http_endpoint_enabled: enableHttp })),
    workflow_count: workflows.length,
  };
}
