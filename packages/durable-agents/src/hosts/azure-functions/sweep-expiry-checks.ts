import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { expiryInstancePrefix } from '../../session/expiry-orchestration.ts';
import { isObject } from '../../state/stored-fields.ts';
import { durableApiUrl } from './durable-api-url.ts';

/** How many are removed at a time; more than come together between two sweeps. */
const batchSize = 100;

const ended: readonly string[] = ['Completed', 'Failed', 'Terminated'];

/** Removes waits for the end of a session that have ended themselves; how many. */
export async function sweepExpiryChecks(context: InvocationContext): Promise<number> {
  const query = {
    instanceIdPrefix: expiryInstancePrefix,
    runtimeStatus: ended.join(),
    showInput: 'false',
    top: String(batchSize),
  };
  const response = await fetch(durableApiUrl(context, 'instances/', query));
  if (!response.ok) throw new Error(`The host answered ${response.status} to the list of instances.`);
  const rows: unknown = await response.json();
  if (!Array.isArray(rows)) throw new Error('The host gave back something that is not a list of instances.');
  const client = df.getClient(context);
  let removed = 0;
  for (const row of rows) {
    // The list may be longer and wider than asked for on a backend that does not know the filters.
    const { instanceId, runtimeStatus } = isObject(row) ? row : {};
    if (typeof instanceId !== 'string' || !instanceId.startsWith(expiryInstancePrefix)) continue;
    if (!ended.includes(String(runtimeStatus))) continue;
    removed += (await client.purgeInstanceHistory(instanceId)).instancesDeleted;
  }
  return removed;
}
