import type { Action, CallHttpAction, RetryOptions } from './actions.ts';

type NodeState = 'pending' | 'done' | 'failed';

/** One task of the orchestrator, as the engine follows it. */
export interface TaskNode {
  kind: 'task' | 'timer' | 'longTimer' | 'call' | 'event' | 'signal' | 'all' | 'any' | 'retry' | 'poll';
  state: NodeState;
  parent: TaskNode | undefined;
  children: TaskNode[];
  /** How many children a compound has; while it is being invoked `children` is shorter. */
  width: number;
  /** How many children have succeeded, once all have been invoked. Counted: there may be thousands. */
  done: number;
  /** Only for timers: the action whose cancel flag counts. */
  cancelable: { isCanceled: boolean } | undefined;
  id: number | undefined;
  retry: RetryProgress | undefined;
  /** Only for a polled HTTP call: the request that is under way. */
  poll: CallHttpAction | undefined;
  /** Only for a timer in pieces: when it is to fire, epoch ms. */
  fireAt: number | undefined;
}

/** How a task has ended. */
export interface TaskEnd {
  ok: boolean;
  failure?: TaskFailure;
  /** JSON text; only for activities. */
  result?: string;
}

/** How a call failed, as the SDK is told. */
export interface TaskFailure {
  reason: string;
  details: string;
}

export interface RetryProgress {
  options: RetryOptions;
  action: Action;
  /** Counts from 1. */
  attempt: number;
  /** Epoch ms of the first attempt; the retry time-out counts from here. */
  startedAt: number;
  /** Set once the time for retries is over: the attempts that the SDK still counts on fail at once with this. */
  spent: TaskFailure | undefined;
  waiting: boolean;
}

export function newNode(kind: TaskNode['kind'], parent: TaskNode | undefined, id: number | undefined): TaskNode {
  return {
    kind,
    state: 'pending',
    parent,
    children: [],
    width: 0,
    done: 0,
    cancelable: undefined,
    id,
    retry: undefined,
    poll: undefined,
    fireAt: undefined,
  };
}

/** Whether a `Task.all` has all its children and all have succeeded. */
export function allDone(node: TaskNode): boolean {
  return node.children.length === node.width && node.done === node.width;
}

/** Wait after a failed attempt (from 1), in milliseconds. */
export function retryDelay(options: RetryOptions, attempt: number): number {
  const factor = options.backoffCoefficient ?? 1;
  const delay = options.firstRetryIntervalInMilliseconds * factor ** (attempt - 1);
  return Math.min(delay, options.maxRetryIntervalInMilliseconds ?? Number.MAX_SAFE_INTEGER);
}
