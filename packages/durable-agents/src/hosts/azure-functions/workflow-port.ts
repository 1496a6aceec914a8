import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { toJsonResult } from '../../agent/to-json-result.ts';
import type { OrchestrationStatus } from '../../agent/tool-durable-client.ts';
import { isObject } from '../../state/stored-fields.ts';
import type { InstancePage, InstanceQuery, WorkflowPort } from '../../workflow-run/workflow-port.ts';
import { durableApiUrl } from './durable-api-url.ts';
import { durableClientPort } from './durable-client.ts';
import { OrchestrationClient } from './orchestration-client.ts';

/** How backends write "no more" in Base64. */
const nullToken = 'bnVsbA==';
const continuationHeader = 'x-ms-continuation-token';

/** Runs of workflows, as an invocation with a durable client sees them. */
export function workflowPort(context: InvocationContext): WorkflowPort {
  const client = new OrchestrationClient(context);
  return {
    ...durableClientPort(context),
    async start(name, instanceId, input) {
      await df.getClient(context).startNew(name, { instanceId, input });
    },
    getStatus: (instanceId) => client.getStatus(instanceId),
    // The SDK puts the reason into an address as it is.
    terminate: (instanceId, reason) => client.terminate(instanceId, encodeURIComponent(reason.slice(0, 500))),
    listInstances: (query) => listInstances(context, query),
  };
}

async function listInstances(
  context: InvocationContext,
  { statuses, pageSize, continuation }: InstanceQuery,
): Promise<InstancePage> {
  const query = {
    ...{ top: String(pageSize), showInput: 'false' },
    ...(statuses.length > 0 && { runtimeStatus: statuses.join() }),
  };
  const response = await fetch(durableApiUrl(context, 'instances/', query), {
    headers: continuation === undefined ? {} : { [continuationHeader]: continuation },
  });
  // The address has a key in it, so it is not part of the message.
  if (!response.ok) throw new Error(`The host answered ${response.status} to the list of instances.`);
  const rows: unknown = await response.json();
  if (!Array.isArray(rows)) throw new Error('The host gave back something that is not a list of instances.');
  const next = response.headers.get(continuationHeader);
  const instances = rows
    .filter(isObject)
    .filter((row) => typeof row.instanceId === 'string' && typeof row.name === 'string');
  return {
    instances: instances.map((row) => toJsonResult(row) as unknown as OrchestrationStatus),
    ...(next !== null && next !== '' && next !== nullToken && { continuation: next }),
  };
}
