import { EntityId, type OrchestrationContext, type Task } from 'durable-functions';
import type { OrchestrationCalls } from '../../durable/orchestration-calls.ts';

/** What agents use of a durable-functions orchestration. */
export function orchestrationCalls({ df }: OrchestrationContext): OrchestrationCalls<Task> {
  return {
    instanceId: df.instanceId,
    newGuid: () => df.newGuid(df.instanceId),
    callEntity: (name, key, operation, input) => df.callEntity(new EntityId(name, key), operation, input),
    callSubOrchestrator: (name, input) => df.callSubOrchestrator(name, input),
  };
}
