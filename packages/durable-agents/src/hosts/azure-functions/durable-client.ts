import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { DurableClientPort } from '../../client/durable-client-port.ts';
import { durableApiUrl } from './durable-api-url.ts';

/**
 * The durable client of an invocation. Its own way to read a state is not used: that parses all of it at each look, and
 * spoils long numbers. durable-functions puts keys into URLs as they are, so they are percent-encoded
 * here; the host decodes them.
 */
export function durableClientPort(context: InvocationContext): DurableClientPort {
  const client = df.getClient(context);
  const entityId = (name: string, key: string) => new df.EntityId(name, encodeURIComponent(key));
  return {
    signalEntity: (name, key, operation, input) => client.signalEntity(entityId(name, key), operation, input),
    readEntityState: (name, key) => readStateText(context, name, key),
  };
}

async function readStateText(context: InvocationContext, name: string, key: string): Promise<string | undefined> {
  const response = await fetch(durableApiUrl(context, `entities/${name}/${encodeURIComponent(key)}`, {}));
  const text = await response.text();
  if (response.status === 404) return undefined;
  // The address has a key in it, so it is not part of the message.
  if (!response.ok) throw new Error(`The host answered ${response.status} to the question for an entity's state.`);
  return text === 'null' || text === '' ? undefined : text;
}
