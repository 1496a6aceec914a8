import type { OrchestratorOutcome } from '../engine/actions.ts';
import type { EntityBatchOutcome, EntityBatchRequest } from '../engine/entity.ts';
import type { ExplicitOutcome } from '../engine/explicit/actions.ts';
import type { ExplicitBatchOutcome } from '../engine/explicit/entity-batch.ts';
import type { HistoryEvent } from '../engine/history.ts';
import type { ActivityMessage, Instance } from '../engine/instance.ts';

export type DurableKind = 'orchestration' | 'entity' | 'activity';

/** Runs the user's code. The hub knows nothing else of the app. */
export interface Executor {
  /** Names are compared without case. */
  has(kind: DurableKind, name: string): boolean;
  names(kind: DurableKind): string[];
  /** Runs the orchestrator over its whole history. A failing orchestrator is an outcome, not a rejection. */
  runOrchestrator(instance: Instance, history: HistoryEvent[]): Promise<OrchestratorOutcome | ExplicitOutcome>;
  /** Rejects if the entity function itself broke; a failed operation is an outcome. */
  runEntity(request: EntityBatchRequest): Promise<EntityBatchOutcome | ExplicitBatchOutcome>;
  /** Resolves to the result as JSON text, empty for none; rejects with the activity's error. */
  runActivity(message: ActivityMessage): Promise<string>;
}

const functionKinds = { orchestration: 'orchestrator', entity: 'entity', activity: 'activity' } as const;

/** The Durable extension's words for a function that is not there, with the names of those that are. */
export function unknownFunctionText(executor: Executor, kind: DurableKind, name: string): string {
  const word = functionKinds[kind];
  const known = executor.names(kind).join(', ') || 'none';
  return `The function '${name}' doesn't exist, is disabled, or is not an ${word} function. Additional info: The following are the known ${word} functions: ${known}.`;
}

export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Calls back at or after the time; returns a function that calls it off. */
  at(time: number, callback: () => void): () => void;
}

// setTimeout fires at once beyond 2^31-1 ms; hourly wake-ups also notice a clock that was set.
const longestTimeoutMs = 3_600_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(time, callback) {
    let handle: NodeJS.Timeout;
    const arm = () => {
      const left = time - Date.now();
      if (left <= 0) callback();
      else handle = setTimeout(arm, Math.min(left, longestTimeoutMs));
    };
    handle = setTimeout(arm, Math.max(0, Math.min(time - Date.now(), longestTimeoutMs)));
    return () => clearTimeout(handle);
  },
};
