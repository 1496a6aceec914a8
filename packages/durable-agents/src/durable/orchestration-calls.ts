import type { AgentSessionId, SessionKey } from '../ids.ts';
import type { JsonObject } from '../json.ts';

/** A task of the orchestration library; orchestrators yield it. */
export interface DurableTask {
  isCompleted: boolean;
  isFaulted: boolean;
  result?: unknown;
}

/** What an agent needs of the orchestration it is called in. Everything here gives the same again on a replay. */
export interface OrchestrationCalls<Task extends DurableTask> {
  readonly instanceId: string;
  /** Its place in a trace, where the host knows one. A replay may be told another; the one recorded first counts. */
  readonly traceContext?: JsonObject | undefined;
  /** A new id that a replay repeats. */
  newGuid(): string;
  /** Starts a call of an entity's operation. */
  callEntity(name: string, key: string, operation: string, input: JsonObject): Task;
  /** Time of the present step, in milliseconds since 1970. */
  now(): number;
  /** @param at milliseconds since 1970 */
  timer(at: number): Task;
  /** Starts an orchestration and waits for its output. */
  callSubOrchestrator(name: string, input: JsonObject): Task;
}

/** A conversation with one agent. Plain data: it may be an orchestration's input or output. */
export interface AgentSession {
  readonly agentName: string;
  /** The session id as callers of the HTTP endpoint use it. */
  readonly key: SessionKey;
  readonly id: AgentSessionId;
}
