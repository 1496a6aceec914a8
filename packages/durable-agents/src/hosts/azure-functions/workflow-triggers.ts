import { app, type HttpRequest } from '@azure/functions';
import * as df from 'durable-functions';
import type { HttpReply } from '../../http/reply.ts';
import { type WorkflowEndpoint, workflowBaseUrl } from '../../http/workflow-endpoint.ts';
import { serveEventResponse, serveResponse, serveWorkflowCancel } from '../../http/workflow-respond-endpoint.ts';
import { serveWorkflowRun } from '../../http/workflow-run-endpoint.ts';
import { serveWorkflowList, serveWorkflowStatus } from '../../http/workflow-status-endpoint.ts';
import { definitionOf, type RunView } from '../../workflow-run/run-view.ts';
import { WorkflowClient } from '../../workflow-run/workflow-client.ts';
import type { WorkflowFamily } from '../../workflow-run/workflow-set.ts';
import type { HttpSettings } from './app-options.ts';
import { contextLogger } from './context-logger.ts';
import { rawRequest, toResponse } from './http-messages.ts';
import { workflowPort } from './workflow-port.ts';

type Serve = (request: HttpRequest, endpoint: WorkflowEndpoint) => Promise<HttpReply>;

/** The endpoints of a workflow, in both official spellings: `workflows/{name}/…` and `workflow/{name}/…`. */
export function registerWorkflowTriggers(
  family: WorkflowFamily,
  http: HttpSettings,
  { exposeStatusEndpoint, stopHere }: { exposeStatusEndpoint: boolean; stopHere: (runId: string) => void },
): void {
  const { name } = family;
  const register = (
    functionName: string,
    method: 'GET' | 'POST',
    [base, ...rest]: [string, ...string[]],
    serve: Serve,
  ) => {
    app.http(functionName, {
      route: [base, name, ...rest].join('/'),
      methods: [method],
      authLevel: http.authLevel,
      extraInputs: [df.input.durableClient()],
      handler: async (request, context) => {
        const baseUrl = workflowBaseUrl(request.url, rest[0] ?? '');
        return toResponse(
          await serve(request, {
            ...{ workflowName: name, baseUrl, exposeStatusEndpoint },
            client: new WorkflowClient(family, workflowPort(context)),
            maxBodyBytes: http.maxBodyBytes,
            log: contextLogger(context),
          }),
        );
      },
    });
  };
  const run: Serve = (request, endpoint) => serveWorkflowRun(rawRequest(request), endpoint);
  const status: Serve = (request, endpoint) =>
    serveWorkflowStatus(request, runIdOf(request), {
      ...endpoint,
      definitionOf: (view: RunView) => definitionOf(view, family),
    });
  const respond: Serve = (request, endpoint) =>
    serveResponse(rawRequest(request), runIdOf(request), request.params.requestId ?? '', endpoint);

  register(`http-${name}`, 'POST', ['workflows', 'run'], run);
  register(singularName(family, 'start'), 'POST', ['workflow', 'run'], run);
  if (exposeStatusEndpoint) {
    register(`http-${name}-status`, 'GET', ['workflows', 'status', '{runId}'], status);
    register(singularName(family, 'status'), 'GET', ['workflow', 'status', '{runId}'], status);
    register(`http-${name}-list`, 'GET', ['workflows', 'runs'], serveWorkflowList);
  }
  register(`http-${name}-respond`, 'POST', ['workflows', 'respond', '{runId}'], (request, endpoint) =>
    serveEventResponse(rawRequest(request), runIdOf(request), endpoint),
  );
  register(`http-${name}-answer`, 'POST', ['workflows', 'respond', '{runId}', '{requestId}'], respond);
  register(singularName(family, 'respond'), 'POST', ['workflow', 'respond', '{runId}', '{requestId}'], respond);
  register(`http-${name}-cancel`, 'POST', ['workflows', 'cancel', '{runId}'], async (request, endpoint) => {
    const reply = await serveWorkflowCancel(rawRequest(request), runIdOf(request), endpoint);
    // After the order is on disk. What runs in other processes ends by itself.
    if (reply.status === 202) stopHere(runIdOf(request));
    return reply;
  });
}

/** Function names of a workflow's endpoints. */
export function workflowTriggerNames(family: WorkflowFamily): string[] {
  const plural = ['', '-status', '-list', '-respond', '-answer', '-cancel'].map((end) => `http-${family.name}${end}`);
  return [...plural, ...['start', 'status', 'respond'].map((action) => singularName(family, action))];
}

/** Of the singular spelling. An executor may be called `start`: then its activity has the name. */
function singularName({ name, versions }: WorkflowFamily, action: string): string {
  const ids = [...versions.values()].flatMap(({ graph }) => [...graph.nodes.keys()]);
  const plain = `dafx-${name}-${action}`;
  return ids.some((id) => id.toLowerCase() === action) ? `http-${plain}` : plain;
}

function runIdOf({ params }: HttpRequest): string {
  return params.runId ?? '';
}
