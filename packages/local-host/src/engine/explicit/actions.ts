import type { HistoryEvent, Tags } from '../history.ts';
import type { FailureDetails } from './failure-details.ts';

/*
 * What an orchestrator asked for where the SDK chooses the ids itself and reports only what is new. All payloads are
 * text that is passed on as it is; null means that there is none.
 */

export interface CallActivity {
  kind: 'activity';
  id: number;
  name: string;
  version: string;
  input: string | null;
  tags: Tags;
}

export interface CallSubOrchestration {
  kind: 'subOrchestration';
  id: number;
  /** Empty: the engine picks one. */
  instanceId: string;
  name: string;
  version: string;
  input: string | null;
  tags: Tags;
}

export interface StartTimer {
  kind: 'timer';
  id: number;
  /** Epoch ms. */
  fireAt: number;
}

/** An event for another orchestration; or, with an entity's id as target, an entity message in its untyped form. */
export interface SendEvent {
  kind: 'event';
  id: number;
  target: string;
  name: string;
  input: string | null;
}

export interface CallEntity {
  kind: 'entity';
  id: number;
  /** `@name@key` */
  target: string;
  requestId: string;
  operation: string;
  input: string | null;
  /** Nobody waits for the answer. */
  signal: boolean;
  /** Epoch ms before which it is not delivered; 0 = at once. */
  due: number;
}

export interface LockEntities {
  kind: 'lock';
  id: number;
  criticalSectionId: string;
  /** Entity ids, sorted and without repeats. */
  lockSet: readonly string[];
}

export interface UnlockEntity {
  kind: 'unlock';
  id: number;
  criticalSectionId: string;
  target: string;
}

export interface TerminateOther {
  kind: 'terminate';
  target: string;
  reason: string | null;
  recurse: boolean;
}

export interface Complete {
  kind: 'complete';
  id: number;
  status: 'Completed' | 'Failed' | 'Terminated' | 'ContinuedAsNew';
  /** For ContinuedAsNew the next input. */
  result: string | null;
  failure: FailureDetails | null;
  /** Only for ContinuedAsNew; null keeps the version. */
  newVersion: string | null;
  /** Only for ContinuedAsNew: events that the next execution is to find. */
  carryover: readonly HistoryEvent[];
}

export type ExplicitAction =
  | CallActivity
  | CallSubOrchestration
  | StartTimer
  | SendEvent
  | CallEntity
  | LockEntities
  | UnlockEntity
  | TerminateOther
  | Complete;

/** Result of one run of an orchestrator that reports explicit actions. */
export interface ExplicitOutcome {
  /** Only those that no earlier episode reported, in their order. */
  explicitActions: readonly ExplicitAction[];
  /** Undefined keeps what was set before. */
  customStatus?: string;
}

export function isExplicit<T extends object>(outcome: T | ExplicitOutcome): outcome is ExplicitOutcome {
  return 'explicitActions' in outcome;
}

/** The outcome of a run that broke before it could report anything. */
export function brokenOutcome(failure: FailureDetails): ExplicitOutcome {
  const complete: Complete = {
    kind: 'complete',
    id: -1,
    status: 'Failed',
    result: null,
    failure,
    newVersion: null,
    carryover: [],
  };
  return { explicitActions: [complete] };
}
