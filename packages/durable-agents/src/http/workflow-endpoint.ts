import type { Logger } from '../log.ts';
import type { WorkflowClient } from '../workflow-run/workflow-client.ts';
import { errorReply, isOwnFault } from './problem.ts';
import type { HttpReply } from './reply.ts';
import type { RawRequest } from './run-request.ts';

/** What the endpoints of a workflow need. */
export interface WorkflowEndpoint {
  workflowName: string;
  client: Pick<WorkflowClient, 'start' | 'get' | 'waitFor' | 'respond' | 'cancel' | 'list'>;
  /** The address of the workflow's endpoints, as the caller sees it: `…/workflows/{name}`. */
  baseUrl: string;
  maxBodyBytes: number;
  /** Whether there is a status endpoint to point to. */
  exposeStatusEndpoint: boolean;
  log: Logger;
}

export type WorkflowRequest = RawRequest;

/** Runs the endpoint's own part; whatever it throws becomes a reply. */
export async function serveWorkflow(
  endpoint: Pick<WorkflowEndpoint, 'workflowName' | 'log'>,
  serve: () => Promise<HttpReply>,
): Promise<HttpReply> {
  try {
    return await serve();
  } catch (error) {
    if (isOwnFault(error)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      endpoint.log.error('A request about a workflow failed.', { workflow: endpoint.workflowName, error: text });
    }
    return errorReply(error, { kind: 'json', usedOldNames: false }, { legacyThreadNames: false });
  }
}

/** The addresses of a run. */
export function runUrls(
  { baseUrl, exposeStatusEndpoint }: Pick<WorkflowEndpoint, 'baseUrl' | 'exposeStatusEndpoint'>,
  runId: string,
): { statusQueryGetUri?: string; respondUri: string } {
  const id = encodeURIComponent(runId);
  return {
    ...(exposeStatusEndpoint && { statusQueryGetUri: `${baseUrl}/status/${id}` }),
    respondUri: `${baseUrl}/respond/${id}/{requestId}`,
  };
}

/** The part of an address before the last `/{action}`: that of the workflow. Keys in the query stay behind. */
export function workflowBaseUrl(url: string, action: string): string {
  const { origin, pathname } = new URL(url);
  const at = pathname.lastIndexOf(`/${action}`);
  return origin + (at < 0 ? pathname : pathname.slice(0, at));
}
