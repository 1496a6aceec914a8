import type { Action, RetryOptions } from '../../src/engine/actions.ts';
import { type EntityId, formatEntityId } from '../../src/engine/entity-id.ts';
import { longestTimerMs } from '../../src/engine/timer-limits.ts';
import type { Context, Task, Tools } from './interpret.ts';
import { MiniTask } from './mini-task.ts';

/** What the context needs of the runtime behind it. */
export interface ContextHost {
  readonly instanceId: string;
  /** Lists an action that nobody waits for, and takes its ids. */
  fireAndForget(action: Action, ids: number): void;
  continueAsNew(input: unknown): void;
}

export const miniTools: Tools<EntityId, RetryOptions> = {
  entity: (key) => ({ name: 'counter', key }),
  retry: (attempts, timeoutMs) => ({
    firstRetryIntervalInMilliseconds: 10,
    maxNumberOfAttempts: attempts,
    ...(timeoutMs !== undefined && { retryTimeoutInMilliseconds: timeoutMs }),
  }),
};

/** The orchestration context of the small runtime; its actions look as the SDK's do. */
export class MiniContext implements Context<EntityId, RetryOptions> {
  currentUtcDateTime = new Date(0);
  customStatus: unknown;
  readonly #host: ContextHost;
  #locks = 0;

  constructor(host: ContextHost) {
    this.#host = host;
  }

  readonly Task = {
    all: (tasks: Task[]): Task => compound('all', tasks),
    any: (tasks: Task[]): Task => compound('any', tasks),
  };

  callActivity(name: string, input: unknown): Task {
    return new MiniTask('step', { actionType: 0, functionName: name, input });
  }

  callActivityWithRetry(name: string, retryOptions: RetryOptions, input: unknown): Task {
    const action: Action = { actionType: 1, functionName: name, input, retryOptions };
    const task = new MiniTask('retry', action, [new MiniTask('step', action)]);
    task.left = retryOptions.maxNumberOfAttempts;
    return task;
  }

  callSubOrchestrator(name: string, input: unknown, instanceId?: string): Task {
    const action: Action = {
      actionType: 2,
      functionName: name,
      input,
      ...(instanceId !== undefined && { instanceId }),
    };
    return new MiniTask('step', action);
  }

  createTimer(fireAt: Date): Task {
    const action: Action = { actionType: 5, fireAt, isCanceled: false };
    const piece = new MiniTask('step', action);
    const short = fireAt.getTime() - this.currentUtcDateTime.getTime() <= longestTimerMs;
    return short ? piece : new MiniTask('longTimer', action, [piece]);
  }

  waitForExternalEvent(name: string): Task {
    return new MiniTask('event', { actionType: 6, externalEventName: name });
  }

  callEntity(entity: EntityId, operation: string, input: unknown): Task {
    return new MiniTask('step', { actionType: 7, instanceId: formatEntityId(entity), operation, input });
  }

  signalEntity(entity: EntityId, operation: string, input: unknown): void {
    this.#host.fireAndForget({ actionType: 9, instanceId: formatEntityId(entity), operation, input }, 1);
  }

  lock(entities: EntityId[]): Task {
    const lockSet = [...entities].sort((a, b) => (formatEntityId(a) < formatEntityId(b) ? -1 : 1));
    const lockRequestId = `lock ${this.#host.instanceId} ${this.currentUtcDateTime.getTime()} ${this.#locks++}`;
    const task = new MiniTask('step', { actionType: 13, lockSet, lockRequestId });
    // The grant carries nothing; this is what the program gets for it.
    task.result = { release: () => this.#host.fireAndForget({ actionType: 14 }, lockSet.length) };
    return task;
  }

  continueAsNew(input: unknown): void {
    this.#host.continueAsNew(input);
  }

  setCustomStatus(status: unknown): void {
    this.customStatus = status;
  }
}

function compound(kind: 'all' | 'any', tasks: Task[]): MiniTask {
  const children = tasks as MiniTask[];
  const compoundActions = children.map(({ action }) => action!);
  return new MiniTask(kind, { actionType: kind === 'any' ? 11 : 12, compoundActions }, children);
}
