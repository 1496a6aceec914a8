import type { HttpCallRequest } from './http-call.ts';

/** What an orchestrator asked for, as `durable-functions` 3.5 reports it (out-of-process schema V3). */
export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  ScheduledSignalEntity: 10,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

/** Retry policy of a call; times in milliseconds. */
export interface RetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

export interface CallActivityAction {
  actionType: 0;
  functionName: string;
  /** A string input arrives JSON-encoded by the SDK; anything else is plain. */
  input?: unknown;
}

export interface CallActivityWithRetryAction {
  actionType: 1;
  functionName: string;
  input?: unknown;
  retryOptions: RetryOptions;
}

export interface CallSubOrchestratorAction {
  actionType: 2;
  functionName: string;
  instanceId?: string;
  input?: unknown;
  version?: string;
}

export interface CallSubOrchestratorWithRetryAction {
  actionType: 3;
  functionName: string;
  instanceId?: string;
  input?: unknown;
  version?: string;
  retryOptions: RetryOptions;
}

export interface ContinueAsNewAction {
  actionType: 4;
  input?: unknown;
}

export interface CreateTimerAction {
  actionType: 5;
  fireAt: Date | string;
  isCanceled: boolean;
}

export interface WaitForExternalEventAction {
  actionType: 6;
  externalEventName: string;
}

export interface CallEntityAction {
  actionType: 7;
  instanceId: string;
  operation: string;
  input?: unknown;
}

export interface SignalEntityAction {
  actionType: 9;
  instanceId: string;
  operation: string;
  input?: unknown;
}

export interface WhenAnyAction {
  actionType: 11;
  compoundActions: Action[];
}

export interface WhenAllAction {
  actionType: 12;
  compoundActions: Action[];
}

/** Locks all entities of the set, in its order, for one critical section. */
export interface LockEntitiesAction {
  actionType: 13;
  /** Sorted and without repeats. */
  lockSet: { name: string; key: string }[];
  lockRequestId: string;
}

/** Ends the critical section. */
export interface ReleaseEntitiesAction {
  actionType: 14;
}

export interface CallHttpAction {
  actionType: 8;
  httpRequest: HttpCallRequest;
}

/** A signal that is not delivered before its time. */
export interface ScheduledSignalEntityAction {
  actionType: 10;
  instanceId: string;
  operation: string;
  input?: unknown;
  fireAt: Date | string;
}

export type Action =
  | CallActivityAction
  | CallActivityWithRetryAction
  | CallSubOrchestratorAction
  | CallSubOrchestratorWithRetryAction
  | ContinueAsNewAction
  | CreateTimerAction
  | WaitForExternalEventAction
  | CallEntityAction
  | SignalEntityAction
  | WhenAnyAction
  | WhenAllAction
  | LockEntitiesAction
  | ReleaseEntitiesAction
  | CallHttpAction
  | ScheduledSignalEntityAction;

/** Result of running the orchestrator over its whole history. */
export interface OrchestratorOutcome {
  isDone: boolean;
  /** All actions since the start, in the order they were issued. */
  actions: Action[];
  /** Return value; undefined if none. */
  output?: unknown;
  /** Message of the exception that ended the orchestrator. */
  error?: string;
  /** Present only if the orchestrator set one. */
  customStatus?: unknown;
}
