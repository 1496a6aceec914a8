import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { ConfigurationError } from '../../errors.ts';

/** What durable-functions is told by the host. */
interface ClientData {
  rpcBaseUrl?: string;
  baseUrl?: string;
  requiredQueryStringParameters?: string;
}

/**
 * An address of the host's Durable API, for what durable-functions has no method for. It may have a key in it: keep it
 * out of logs and messages.
 *
 * @throws ConfigurationError `durableFunctionsUnsupported`
 */
export function durableApiUrl(context: InvocationContext, path: string, query: Record<string, string>): URL {
  const client = df.getClient(context) as unknown as { clientData?: ClientData };
  const { rpcBaseUrl, baseUrl, requiredQueryStringParameters = '' } = client.clientData ?? {};
  const base = rpcBaseUrl ?? (baseUrl === undefined ? undefined : `${baseUrl}/`);
  if (base === undefined) {
    throw new ConfigurationError('durableFunctionsUnsupported', 'The host does not say where its Durable API is.', {
      fix: 'Use durable-functions 3.5 or a later 3.x, and a current extension bundle.',
    });
  }
  const url = new URL(path, base);
  // The local address needs no key.
  if (rpcBaseUrl === undefined) url.search = requiredQueryStringParameters;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}
