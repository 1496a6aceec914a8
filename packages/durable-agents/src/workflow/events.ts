import type { JsonValue } from '../json.ts';
import type { ErrorFact } from './effects.ts';

/** Where a run stands. */
export type RunStatus =
  | 'started'
  | 'inProgress'
  | 'inProgressPendingRequests'
  | 'idle'
  | 'idleWithPendingRequests'
  | 'failed'
  | 'cancelled';

interface At {
  superstep: number;
}
interface Of extends At {
  executorId: string;
}

/** What happened in a run, in its order. `executorId` of a node in a sub-workflow is written `{node}~{ordinal}~{inner}`. */
export type WorkflowEvent =
  | (At & { type: 'started'; workflow: string; runId: string })
  | (At & { type: 'status'; status: RunStatus })
  | (At & { type: 'superstepStarted'; executorIds: string[] })
  | (At & { type: 'superstepCompleted' })
  | (Of & { type: 'executorInvoked'; sources: string[] })
  | (Of & { type: 'executorCompleted' })
  /** `retryInMs` is there if it is tried again. */
  | (Of & {
      type: 'executorFailed';
      attempt: number;
      code: string;
      message: string;
      retryInMs?: number;
      cause?: ErrorFact;
    })
  /** The executor did not run for this message. */
  | (Of & { type: 'executorBypassed'; reason: string })
  | (Of & { type: 'output'; data: JsonValue })
  | (Of & { type: 'intermediate'; data: JsonValue })
  /** An event of the app: `ctx.emit(name, data)`. */
  | (Of & { type: 'custom'; name: string; data: JsonValue })
  | (Of & { type: 'requestInfo'; requestId: string; portId: string; data: JsonValue; expiresAt?: number })
  | (Of & { type: 'requestAnswered'; requestId: string; portId: string; timedOut: boolean })
  | (At & { type: 'warning'; code: string; message: string; executorId?: string })
  | (At & { type: 'halted'; executorId: string; reason: string | null })
  | (At & { type: 'completed'; outputs: number })
  | (At & { type: 'failed'; code: string; message: string; executorId?: string });

/** Events are plain data: union members distribute over Omit. */
export type EventBody = WorkflowEvent extends infer Event
  ? Event extends At
    ? Omit<Event, 'superstep'>
    : never
  : never;
