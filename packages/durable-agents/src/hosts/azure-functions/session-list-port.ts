import type { InvocationContext } from '@azure/functions';
import type { EntityPage, EntityQuery, SessionListPort } from '../../client/session-list-port.ts';
import { isObject } from '../../state/stored-fields.ts';
import { durableApiUrl } from './durable-api-url.ts';
import { durableClientPort } from './durable-client.ts';

/** How backends write "no more" in Base64. */
const nullToken = 'bnVsbA==';
const continuationHeader = 'x-ms-continuation-token';

/** The durable client of an invocation, with the host's list of entities. */
export function sessionListPort(context: InvocationContext): SessionListPort {
  return { ...durableClientPort(context), listEntities: (query) => listEntities(context, query) };
}

async function listEntities(
  context: InvocationContext,
  { name, pageSize, continuation }: EntityQuery,
): Promise<EntityPage> {
  const query = { top: String(pageSize), fetchState: 'false' };
  const response = await fetch(durableApiUrl(context, `entities/${encodeURIComponent(name)}`, query), {
    headers: continuation === undefined ? {} : { [continuationHeader]: continuation },
  });
  // The address has a key in it, so it is not part of the message.
  if (!response.ok) throw new Error(`The host answered ${response.status} to the list of entities.`);
  const rows: unknown = await response.json();
  if (!Array.isArray(rows)) throw new Error('The host gave back something that is not a list of entities.');
  const next = response.headers.get(continuationHeader);
  return {
    entities: rows.filter(isObject).flatMap((row) => {
      const { entityId, lastOperationTime } = row;
      if (!isObject(entityId) || typeof entityId.key !== 'string') return [];
      return [{ key: entityId.key, ...(typeof lastOperationTime === 'string' && { lastOperationTime }) }];
    }),
    ...(next !== null && next !== '' && next !== nullToken && { continuation: next }),
  };
}
