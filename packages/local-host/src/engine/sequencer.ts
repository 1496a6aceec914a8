import { type Action, ActionType, type LockEntitiesAction } from './actions.ts';
import { ReplayError } from './errors.ts';
import { EventType, type HistoryEvent, isSchedulingEvent, type SchedulingEvent } from './history.ts';
import { type EventFactory, releaseLabel, schedulingLabel, sentHeader, timerLabel } from './scheduling.ts';
import { allDone, newNode, type RetryProgress, retryDelay, type TaskFailure, type TaskNode } from './task-tree.ts';

/*
 * Gives every action its sequence id, exactly as the SDK does on its own side: the two never exchange ids, so they
 * must agree. Pure: the same history and actions give the same answer, in the first run and in any replay.
 *
 * Q1  One counter per execution. Activity, timer, sub-orchestration, entity call, signal and lock take one id each, the
 *     release of a lock one per entity; external events, compounds and continue-as-new take none.
 * Q2  Actions are invoked in list order; the next one when the one before is complete. A compound invokes its children
 *     left to right.
 * Q3  A failed attempt of a call with retry takes the next id for its timer at once, the last attempt too; the next
 *     attempt takes an id when that timer has fired.
 * Q4  An id that an earlier episode scheduled is never given to another action: if history and replay name different
 *     things under one id, that is an error and nothing is written.
 * Q5  In replay an action is not invoked before the episode that scheduled it, however early its turn would come.
 * Q6  An action object seen before is the same task (a task that is part of a second compound), not a new call.
 */

export interface Sequenced {
  /** Events for actions that no earlier episode has scheduled, in id order. */
  scheduled: SchedulingEvent[];
  /** Ids of timers that the orchestrator has cancelled. */
  canceledTimers: number[];
  /** Calls by id that must not run: the time for their retries is over. They fail at once, as given. */
  spent: ReadonlyMap<number, TaskFailure>;
  /** Activities, sub-orchestrations and live timers that have not ended. */
  openTasks: number;
  /** Set when the orchestrator restarts itself; the input is as the SDK gave it. */
  continueAsNew: { input: unknown } | undefined;
  nextId: number;
}

/**
 * @param history whole history, the events of this episode included
 * @param actions whole action list of this run of the orchestrator
 * @throws ReplayError if the actions contradict the history
 */
export function sequence(
  history: readonly HistoryEvent[],
  actions: readonly Action[],
  events: EventFactory,
): Sequenced {
  return new Sequencer(history, actions, events).run();
}

class Sequencer {
  readonly #history: readonly HistoryEvent[];
  readonly #actions: readonly Action[];
  readonly #events: EventFactory;
  readonly #recorded = new Map<number, { event: SchedulingEvent; episode: number }>();
  readonly #lastEpisode: number;
  readonly #open = new Map<number, TaskNode>();
  readonly #calls = new Map<string, TaskNode>();
  readonly #waiters = new Map<string, TaskNode[]>();
  readonly #early = new Map<string, number>();
  readonly #seen = new Map<Action, TaskNode>();
  readonly #timers: TaskNode[] = [];
  readonly #scheduled: SchedulingEvent[] = [];
  #nextId = 0;
  /** The critical section that a release ends. */
  #lock: LockEntitiesAction | undefined;
  #cursor = 0;
  #current: TaskNode | undefined;
  /** The failure that is being handled. */
  #failure: TaskFailure = { reason: '', details: '' };
  readonly #spent = new Map<number, TaskFailure>();
  #started = false;
  #episode = 0;
  #now = 0;
  #continueAsNew: { input: unknown } | undefined;

  constructor(history: readonly HistoryEvent[], actions: readonly Action[], events: EventFactory) {
    this.#history = history;
    this.#actions = actions;
    this.#events = events;
    let episode = 0;
    for (const event of history) {
      if (event.EventType === EventType.OrchestratorStarted) episode++;
      else if (isSchedulingEvent(event)) this.#recorded.set(event.EventId, { event, episode });
    }
    this.#lastEpisode = episode;
  }

  run(): Sequenced {
    for (const event of this.#history) this.#apply(event);
    const reached = this.#cursor >= this.#actions.length;
    if (!reached && this.#continueAsNew === undefined) {
      const next = this.#actions[this.#cursor]!;
      throw new ReplayError(
        'unreachableAction',
        `The orchestrator went on to ${schedulingLabel(next)} before the engine saw its current task end. This happens ` +
          'when one task is part of more than one Task.any or Task.all. Use each task in one compound only: wait with ' +
          'Task.all, or move the loop into a sub-orchestration.',
      );
    }
    for (const [id, { event }] of this.#recorded) {
      if (id >= this.#nextId) {
        throw new ReplayError(
          'nonDeterministic',
          `Non-deterministic orchestrator: the history records step ${id} as ${schedulingLabel(event)}, but the replay ` +
            'did not ask for it. Orchestrator code must not depend on time, random values or outside state: use ' +
            'context.df.currentUtcDateTime, context.df.newGuid and activities.',
        );
      }
    }
    let openTasks = 0;
    for (const node of this.#open.values()) {
      if (node.kind === 'task' || (node.kind === 'timer' && !node.cancelable?.isCanceled)) openTasks++;
    }
    return {
      scheduled: this.#scheduled,
      canceledTimers: this.#timers.filter((node) => node.cancelable?.isCanceled).map((node) => node.id!),
      spent: this.#spent,
      openTasks,
      continueAsNew: this.#continueAsNew,
      nextId: this.#nextId,
    };
  }

  #apply(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.#episode++;
        this.#now = Math.max(this.#now, event.Timestamp.getTime());
        return;
      case EventType.ExecutionStarted:
        this.#started = true;
        break;
      case EventType.EventSent: {
        const node = this.#open.get(event.EventId);
        if (node?.kind === 'call') {
          this.#open.delete(event.EventId);
          this.#calls.set(sentHeader(event).id, node);
        }
        return;
      }
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.#endById(event.TaskScheduledId, true);
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        this.#failure = { reason: event.Reason, details: event.Details };
        this.#endById(event.TaskScheduledId, false);
        break;
      case EventType.TimerFired:
        this.#endById(event.TimerId, true);
        break;
      case EventType.EventRaised:
        this.#eventRaised(event.Name, event.Input);
        break;
      default:
        return;
    }
    this.#advance();
  }

  #endById(id: number, ok: boolean): void {
    const node = this.#open.get(id);
    if (node === undefined) return;
    this.#open.delete(id);
    this.#end(node, ok);
  }

  #eventRaised(name: string, input: string | null): void {
    const call = this.#calls.get(name);
    if (call !== undefined) {
      this.#calls.delete(name);
      // An entity's answer carries `exceptionType` when the operation failed; the SDK then fails the task.
      const failed =
        input !== null && (JSON.parse(input) as { exceptionType?: string } | null)?.exceptionType !== undefined;
      this.#end(call, !failed);
      return;
    }
    const waiter = this.#waiters.get(name)?.pop();
    if (waiter === undefined) this.#early.set(name, (this.#early.get(name) ?? 0) + 1);
    else this.#end(waiter, true);
  }

  #end(node: TaskNode, ok: boolean): void {
    node.state = ok ? 'done' : 'failed';
    const parent = node.parent;
    if (parent === undefined) return;
    switch (parent.kind) {
      case 'any':
        if (parent.state === 'pending') this.#end(parent, true);
        return;
      case 'all':
        if (parent.state !== 'pending') return;
        if (!ok) this.#end(parent, false);
        else if (allDone(parent)) this.#end(parent, true);
        return;
      case 'retry':
        this.#retryChildEnded(parent, parent.retry!, ok);
        return;
      default:
        return;
    }
  }

  #retryChildEnded(node: TaskNode, progress: RetryProgress, ok: boolean): void {
    if (progress.waiting) {
      progress.waiting = false;
      if (progress.attempt > progress.options.maxNumberOfAttempts) this.#end(node, false);
      else this.#attempt(node, progress);
    } else if (ok) {
      this.#end(node, true);
    } else {
      const { maxNumberOfAttempts, retryTimeoutInMilliseconds: timeout } = progress.options;
      if (timeout !== undefined && this.#now - progress.startedAt > timeout) progress.spent ??= this.#failure;
      const last = progress.attempt >= maxNumberOfAttempts || progress.spent !== undefined;
      const delay = last ? 0 : retryDelay(progress.options, progress.attempt);
      progress.attempt++;
      progress.waiting = true;
      const id = this.#nextId++;
      const fireAt = this.#now + delay;
      this.#schedule(id, timerLabel, () => this.#events.timer(id, fireAt));
      const timer = newNode('timer', node, id);
      this.#open.set(id, timer);
    }
  }

  #attempt(node: TaskNode, progress: RetryProgress): void {
    const child = this.#invokeCall(progress.action, node);
    node.children.push(child);
    if (progress.spent !== undefined) this.#spent.set(child.id!, progress.spent);
  }

  #advance(): void {
    if (!this.#started) return;
    while (this.#current === undefined || this.#current.state !== 'pending') {
      const action = this.#actions[this.#cursor];
      if (action === undefined || this.#continueAsNew !== undefined) return;
      if (this.#scheduledLater(action)) return;
      this.#cursor++;
      if (action.actionType === ActionType.ContinueAsNew) {
        this.#continueAsNew = { input: action.input };
        return;
      }
      this.#current = this.#invoke(action, undefined);
    }
  }

  /** Q5: whether history shows the next id only in a later episode. */
  #scheduledLater(action: Action): boolean {
    if (this.#episode === this.#lastEpisode || !this.#takesId(action)) return false;
    const recorded = this.#recorded.get(this.#nextId);
    return recorded === undefined || recorded.episode > this.#episode;
  }

  #takesId(action: Action): boolean {
    if (this.#seen.has(action)) return false;
    switch (action.actionType) {
      case ActionType.ContinueAsNew:
      case ActionType.WaitForExternalEvent:
        return false;
      case ActionType.WhenAll:
      case ActionType.WhenAny:
        return action.compoundActions.some((child) => this.#takesId(child));
      default:
        return true;
    }
  }

  #invoke(action: Action, parent: TaskNode | undefined): TaskNode {
    const known = this.#seen.get(action);
    if (known !== undefined) {
      if (parent !== undefined) known.parent = parent;
      if (known.kind === 'event' && action.actionType === ActionType.WaitForExternalEvent) {
        this.#await(known, action.externalEventName);
      }
      return known;
    }
    return this.#invokeNew(action, parent);
  }

  #invokeNew(action: Action, parent: TaskNode | undefined): TaskNode {
    switch (action.actionType) {
      case ActionType.CallActivity:
      case ActionType.CallSubOrchestrator:
        return this.#remember(action, this.#invokeCall(action, parent));
      case ActionType.CallActivityWithRetry:
      case ActionType.CallSubOrchestratorWithRetry: {
        const node = this.#remember(action, newNode('retry', parent, undefined));
        node.retry = {
          options: action.retryOptions,
          action,
          attempt: 1,
          startedAt: this.#now,
          spent: undefined,
          waiting: false,
        };
        this.#attempt(node, node.retry);
        return node;
      }
      case ActionType.CreateTimer: {
        const id = this.#nextId++;
        const node = this.#remember(action, newNode('timer', parent, id));
        node.cancelable = action;
        this.#schedule(id, timerLabel, () => this.#events.timer(id, new Date(action.fireAt).getTime()));
        this.#open.set(id, node);
        this.#timers.push(node);
        return node;
      }
      case ActionType.WaitForExternalEvent: {
        const node = this.#remember(action, newNode('event', parent, undefined));
        this.#await(node, action.externalEventName);
        return node;
      }
      case ActionType.CallEntity: {
        const id = this.#nextId++;
        const node = this.#remember(action, newNode('call', parent, id));
        this.#open.set(id, node);
        this.#schedule(id, schedulingLabel(action), () => this.#events.entity(id, action, false));
        return node;
      }
      case ActionType.SignalEntity: {
        const id = this.#nextId++;
        const node = this.#remember(action, newNode('signal', parent, id));
        this.#schedule(id, schedulingLabel(action), () => this.#events.entity(id, action, true));
        node.state = 'done';
        return node;
      }
      case ActionType.LockEntities: {
        const id = this.#nextId++;
        const node = this.#remember(action, newNode('call', parent, id));
        this.#open.set(id, node);
        this.#lock = action;
        this.#schedule(id, schedulingLabel(action), () => this.#events.lock(id, action));
        return node;
      }
      case ActionType.ReleaseEntities: {
        const node = this.#remember(action, newNode('signal', parent, undefined));
        const lock = this.#lock;
        for (const entity of lock?.lockSet ?? []) {
          const id = this.#nextId++;
          this.#schedule(id, releaseLabel(entity), () => this.#events.release(id, entity, lock!.lockRequestId));
        }
        this.#lock = undefined;
        node.state = 'done';
        return node;
      }
      case ActionType.WhenAny:
      case ActionType.WhenAll: {
        const node = this.#remember(
          action,
          newNode(action.actionType === ActionType.WhenAny ? 'any' : 'all', parent, undefined),
        );
        node.width = action.compoundActions.length;
        for (const child of action.compoundActions) node.children.push(this.#invoke(child, node));
        // The last child may have ended while it was invoked: its event was already there.
        if (node.kind === 'all' && node.state === 'pending' && allDone(node)) this.#end(node, true);
        return node;
      }
      default:
        throw new ReplayError(
          'unsupportedAction',
          `The orchestrator used ${schedulingLabel(action)}, which this local host does not run yet.`,
        );
    }
  }

  #invokeCall(action: Action, parent: TaskNode | undefined): TaskNode {
    const id = this.#nextId++;
    const node = newNode('task', parent, id);
    this.#open.set(id, node);
    this.#schedule(id, schedulingLabel(action), () => this.#events.call(id, action));
    return node;
  }

  #await(node: TaskNode, name: string): void {
    const early = this.#early.get(name) ?? 0;
    // The SDK lists the waiter first and then hands it the buffered event, which takes the newest waiter: this one.
    if (early > 0) {
      this.#early.set(name, early - 1);
      this.#end(node, true);
      return;
    }
    const waiting = this.#waiters.get(name);
    if (waiting === undefined) this.#waiters.set(name, [node]);
    else waiting.push(node);
  }

  #remember(action: Action, node: TaskNode): TaskNode {
    this.#seen.set(action, node);
    return node;
  }

  /** Q4. The event is made only if it is new: in a replay nearly all are recorded, and inputs may be large. */
  #schedule(id: number, label: string, make: () => SchedulingEvent): void {
    const recorded = this.#recorded.get(id)?.event;
    if (recorded === undefined) {
      this.#scheduled.push(make());
      return;
    }
    if (schedulingLabel(recorded) !== label) {
      throw new ReplayError(
        'nonDeterministic',
        `Non-deterministic orchestrator: step ${id} was ${schedulingLabel(recorded)} when it first ran, and is ` +
          `${label} in this replay. Either the orchestrator's code has changed while this instance was ` +
          'running, or it depends on time, random values or outside state.',
      );
    }
  }
}
