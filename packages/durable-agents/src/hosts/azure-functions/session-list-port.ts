import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { EntityPage, EntityQuery, SessionListPort } from '../../client/session-list-port.ts';
import { ConfigurationError } from '../../errors.ts';
import { isObject } from '../../state/stored-fields.ts';
import { durableClientPort } from './durable-client.ts';

/** What durable-functions is told by the host and has no method for. */
interface ClientData {
  rpcBaseUrl?: string;
  baseUrl?: string;
  requiredQueryStringParameters?: string;
}

/** How backends write "no more" in Base64. */
const nullToken = 'bnVsbA==';
const continuationHeader = 'x-ms-continuation-token';

/** The durable client of an invocation, with the host's list of entities. */
export function sessionListPort(context: InvocationContext): SessionListPort {
  const data = (df.getClient(context) as unknown as { clientData?: ClientData }).clientData ?? {};
  return { ...durableClientPort(context), listEntities: (query) => listEntities(data, query) };
}

async function listEntities(data: ClientData, { name, pageSize, continuation }: EntityQuery): Promise<EntityPage> {
  const response = await fetch(listUrl(data, name, pageSize), {
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

function listUrl(
  { rpcBaseUrl, baseUrl, requiredQueryStringParameters = '' }: ClientData,
  name: string,
  top: number,
): URL {
  const base = rpcBaseUrl ?? (baseUrl === undefined ? undefined : `${baseUrl}/`);
  if (base === undefined) {
    throw new ConfigurationError(
      'durableFunctionsUnsupported',
      'The host does not say where its entities are listed.',
      {
        fix: 'Use durable-functions 3.5 or a later 3.x, and a current extension bundle.',
      },
    );
  }
  const url = new URL(`entities/${encodeURIComponent(name)}`, base);
  // The local address needs no key.
  if (rpcBaseUrl === undefined) url.search = requiredQueryStringParameters;
  url.searchParams.set('top', String(top));
  url.searchParams.set('fetchState', 'false');
  return url;
}
