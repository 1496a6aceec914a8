import { createHash } from 'node:crypto';
import { ConfigurationError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import { toJsonResult } from './to-json-result.ts';
import type { ToolContext } from './tool.ts';

/** Where an orchestration stands. Times are RFC 3339. */
export interface OrchestrationStatus {
  instanceId: string;
  /** Name of the orchestrator function. */
  name: string;
  /** `Pending`, `Running`, `Suspended`, `Completed`, `Failed`, `Terminated`, … as the runtime spells it. */
  runtimeStatus: string;
  createdTime?: string;
  lastUpdatedTime?: string;
  input?: JsonValue;
  output?: JsonValue;
  customStatus?: JsonValue;
}

/** What a host offers to tools. Each of them rejects if the backend does. */
export interface ToolDurablePort {
  /** Resolves when the backend has taken the order to start. */
  startOrchestration(name: string, options: { input?: JsonValue; instanceId: string }): Promise<unknown>;
  /** `undefined` if there is no such instance. */
  getStatus(instanceId: string): Promise<OrchestrationStatus | undefined>;
  raiseEvent(instanceId: string, eventName: string, data: JsonValue): Promise<void>;
  terminate(instanceId: string, reason: string): Promise<void>;
}

/** Orchestrations, as a tool has them. All of it takes effect at once, whatever becomes of the turn. */
export interface ToolDurableClient {
  /**
   * Starts an orchestration and gives its instance id. An instance with that id that exists already, running or ended,
   * is left as it is: without an `instanceId` a call that is repeated after a crash finds what it started.
   *
   * @param options.instanceId default: made from the call's idempotency key, the name, and how often this call has
   * started that name
   */
  startOrchestration(name: string, options?: { input?: unknown; instanceId?: string | undefined }): Promise<string>;
  /** `undefined` if there is no such instance. */
  getStatus(instanceId: string): Promise<OrchestrationStatus | undefined>;
  /** @throws what the backend says if there is no such instance or it has ended */
  raiseEvent(instanceId: string, eventName: string, data?: unknown): Promise<void>;
  terminate(instanceId: string, reason?: string): Promise<void>;
}

/** The client of one tool call. */
export function toolDurableClient(port: ToolDurablePort, idempotencyKey: string): ToolDurableClient {
  const started = new Map<string, number>();
  return {
    async startOrchestration(name, { input, instanceId } = {}) {
      const count = started.get(name) ?? 0;
      if (instanceId === undefined) started.set(name, count + 1);
      const id = instanceId ?? derivedId(idempotencyKey, name, count);
      // Asked first because a backend may replace an instance that has ended by a new one of that id.
      if ((await port.getStatus(id)) !== undefined) return id;
      await port.startOrchestration(name, {
        instanceId: id,
        ...(input !== undefined && { input: toJsonResult(input) }),
      });
      return id;
    },
    getStatus: (instanceId) => port.getStatus(instanceId),
    raiseEvent: (instanceId, eventName, data) => port.raiseEvent(instanceId, eventName, toJsonResult(data)),
    terminate: (instanceId, reason = 'Terminated by a tool.') => port.terminate(instanceId, reason),
  };
}

/**
 * The orchestrations of a tool's context.
 *
 * @throws ConfigurationError `noDurableHost` where there are none
 */
export function durableOf(context: Pick<ToolContext, 'durable' | 'agentName'>): ToolDurableClient {
  if (context.durable !== undefined) return context.durable;
  const message = `Agent "${context.agentName}" runs outside a durable host, where there are no orchestrations.`;
  throw new ConfigurationError('noDurableHost', message, {
    fix: 'Register the agent with AgentFunctionApp and send the message to a session of it.',
  });
}

function derivedId(idempotencyKey: string, name: string, count: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([idempotencyKey, name, count]))
    .digest('hex');
  return `dafx-tool-${hash.slice(0, 32)}`;
}
