import type { OrchestrationStatus } from '../agent/tool-durable-client.ts';
import type { DurableClientPort } from '../client/durable-client-port.ts';
import type { JsonObject } from '../json.ts';

export interface InstanceQuery {
  /** Runtime states; empty for all. */
  statuses: readonly string[];
  pageSize: number;
  continuation?: string | undefined;
}

export interface InstancePage {
  instances: OrchestrationStatus[];
  continuation?: string | undefined;
}

/** What a host offers to those who start and steer runs. */
export interface WorkflowPort extends DurableClientPort {
  /** Resolves when the backend has taken the order. */
  start(name: string, instanceId: string, input: JsonObject): Promise<void>;
  /** `undefined` if there is no such instance. */
  getStatus(instanceId: string): Promise<OrchestrationStatus | undefined>;
  terminate(instanceId: string, reason: string): Promise<void>;
  listInstances(query: InstanceQuery): Promise<InstancePage>;
}
