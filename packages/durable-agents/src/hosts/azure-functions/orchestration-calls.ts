import { EntityId, type OrchestrationContext, type Task } from 'durable-functions';
import type { OrchestrationCalls } from '../../durable/orchestration-calls.ts';
import { readTrace } from '../../telemetry/trace-context.ts';

/** What agents use of a durable-functions orchestration. */
export function orchestrationCalls({ df, traceContext }: OrchestrationContext): OrchestrationCalls<Task> {
  return {
    instanceId: df.instanceId,
    traceContext: readTrace(traceContext?.traceParent, traceContext?.traceState),
    newGuid: () => df.newGuid(df.instanceId),
    now: () => df.currentUtcDateTime.getTime(),
    timer: (at) => df.createTimer(new Date(at)),
    callEntity: (name, key, operation, input) => df.callEntity(new EntityId(name, key), operation, input),
    callSubOrchestrator: (name, input) => df.callSubOrchestrator(name, input),
  };
}
