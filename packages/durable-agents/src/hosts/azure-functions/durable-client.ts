import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { DurableClientPort } from '../../client/durable-client-port.ts';

/**
 * The durable client of an invocation. durable-functions puts keys into URLs as they are, so they are percent-encoded
 * here; the host decodes them.
 */
export function durableClientPort(context: InvocationContext): DurableClientPort {
  const client = df.getClient(context);
  const entityId = (name: string, key: string) => new df.EntityId(name, encodeURIComponent(key));
  return {
    signalEntity: (name, key, operation, input) => client.signalEntity(entityId(name, key), operation, input),
    async readEntityState(name, key) {
      const { entityExists, entityState } = await client.readEntityState(entityId(name, key));
      return entityExists ? entityState : undefined;
    },
  };
}
