import { RequestError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { AnyWorkflow } from '../workflow/workflow.ts';
import { nodeStates, type RequestInfo, type RunView } from '../workflow-run/run-view.ts';
import type { ListQuery } from '../workflow-run/workflow-client.ts';
import { readFlag } from './flag.ts';
import { type HttpReply, jsonReply } from './reply.ts';
import { serveWorkflow, type WorkflowEndpoint, type WorkflowRequest } from './workflow-endpoint.ts';

const defaultRuns = 50;
const maxRuns = 100;
const statusWords: readonly string[] = ['Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated'];

/** Serves `GET workflows/{name}/status/{runId}?graph=true`. Never rejects. */
export function serveWorkflowStatus(
  { query }: Pick<WorkflowRequest, 'query'>,
  runId: string,
  endpoint: WorkflowEndpoint & { definitionOf: (run: RunView) => AnyWorkflow },
): Promise<HttpReply> {
  return serveWorkflow(endpoint, async () => {
    const withGraph = readFlag(query.get('graph'), 'graph') ?? false;
    const run = await endpoint.client.get(runId);
    const body = statusBody(run, endpoint.baseUrl);
    if (!withGraph) return jsonReply(200, body);
    const workflow = endpoint.definitionOf(run);
    const states = nodeStates(run, workflow);
    return jsonReply(200, { ...body, graph: workflow.toJson(states), mermaid: workflow.toMermaid(states) });
  });
}

/** Serves `GET workflows/{name}/runs?status=&top=&continuation=`. Never rejects. */
export function serveWorkflowList(
  { query }: Pick<WorkflowRequest, 'query'>,
  endpoint: WorkflowEndpoint,
): Promise<HttpReply> {
  return serveWorkflow(endpoint, async () => {
    const { runs, continuation } = await endpoint.client.list(readListQuery(query));
    const rows = runs.map(({ runId, status, createdTime, lastUpdatedTime }) => ({
      ...{ runId, instanceId: runId, status },
      ...(createdTime !== undefined && { createdTime }),
      ...(lastUpdatedTime !== undefined && { lastUpdatedTime }),
    }));
    return jsonReply(200, { runs: rows, ...(continuation !== undefined && { continuation }) });
  });
}

/** The names of both official forms. */
function statusBody(run: RunView, baseUrl: string): JsonObject {
  const { runId, status, customStatus, outputs, error, failure, requests, createdTime, lastUpdatedTime } = run;
  return {
    ...{ runId, instanceId: runId, status, runtimeStatus: status, customStatus },
    output: outputs ?? null,
    error: error ?? null,
    ...(failure && { failure }),
    ...(createdTime !== undefined && { createdTime }),
    ...(lastUpdatedTime !== undefined && { lastUpdatedTime }),
    waitingForInput: requests.length === 0 ? null : requests.map(waitingForInput),
    ...(requests.length > 0 && {
      pendingHumanInputRequests: requests.map((request) => pendingRequest(request, runId, baseUrl)),
      waitingFor: requests.map(({ executorId, requestId, createdAt, expiresAt }) => ({
        ...{ node: executorId, requestId, since: iso(createdAt) },
        until: expiresAt === undefined ? null : iso(expiresAt),
      })),
    }),
  };
}

function waitingForInput({ portId, requestId, data, responseSchema }: RequestInfo): JsonObject {
  return { eventName: portId, requestId, input: data, ...(responseSchema && { responseSchema }) };
}

function pendingRequest(request: RequestInfo, runId: string, baseUrl: string): JsonObject {
  const { requestId, executorId, portId, data, responseSchema, createdAt, expiresAt } = request;
  return {
    ...{
      requestId,
      sourceExecutor: executorId,
      requestData: data as JsonValue,
      requestType: portId,
      responseType: portId,
    },
    ...(responseSchema && { responseSchema }),
    createdAt: iso(createdAt),
    ...(expiresAt !== undefined && { expiresAt: iso(expiresAt) }),
    respondUrl: `${baseUrl}/respond/${encodeURIComponent(runId)}/${encodeURIComponent(requestId)}`,
  };
}

function readListQuery(query: URLSearchParams): ListQuery {
  const wanted = (query.get('status') ?? '').split(',').filter((word) => word.trim() !== '');
  const statuses = wanted.map((word) => {
    const known = statusWords.find((one) => one.toLowerCase() === word.trim().toLowerCase());
    if (known !== undefined) return known;
    throw new RequestError('invalidStatus', 400, `status must be one or more of ${statusWords.join(', ')}.`);
  });
  const top = query.get('top');
  const pageSize = top === null || top.trim() === '' ? defaultRuns : Number(top);
  if (!(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= maxRuns)) {
    throw new RequestError('invalidNumber', 400, `top must be a whole number from 1 to ${maxRuns}.`);
  }
  return { statuses, pageSize, continuation: query.get('continuation') ?? undefined };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
