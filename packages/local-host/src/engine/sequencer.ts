import { type Action, ActionType, type LockEntitiesAction } from './actions.ts';
import { ReplayError } from './errors.ts';
import { EventType, type HistoryEvent, type SchedulingEvent } from './history.ts';
import { type EventFactory, releaseLabel, schedulingLabel, sentHeader } from './scheduling.ts';
import { StepBook } from './step-book.ts';
import { TaskEnds } from './task-ends.ts';
import { allDone, newNode, type TaskEnd, type TaskFailure, type TaskNode } from './task-tree.ts';
import { longestTimerMs, nextPiece } from './timer-limits.ts';

/*
 * Gives every action its sequence id, exactly as the SDK does on its own side: the two never exchange ids, so they
 * must agree. Pure: the same history and actions give the same answer, in the first run and in any replay.
 *
 * Q1  One counter per execution. Activity, timer, sub-orchestration, entity call, signal and lock take one id each, the
 *     release of a lock one per entity; external events, compounds and continue-as-new take none.
 * Q2  Actions are invoked in list order; the next one when the one before is complete. A compound invokes its children
 *     left to right.
 * Q3  A failed attempt of a call with retry takes the next id for its timer at once, the last attempt too; the next
 *     attempt takes an id when that timer has fired. An HTTP call that is answered 202 takes two at once, for the pause
 *     and the next request; a timer in pieces takes the next one when a piece has fired.
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
  /** Calls by id that must not run before a time (epoch ms). */
  notBefore: ReadonlyMap<number, number>;
  /** Activities, sub-orchestrations and live timers that have not ended. */
  openTasks: number;
  /** Set when the orchestrator restarts itself; the input is as the SDK gave it. */
  continueAsNew: { input: unknown } | undefined;
  nextId: number;
  /** The last task that the orchestrator waited for. */
  current: TaskNode | undefined;
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
  readonly #book: StepBook;
  readonly #ends: TaskEnds;
  readonly #calls = new Map<string, TaskNode>();
  readonly #waiters = new Map<string, TaskNode[]>();
  readonly #early = new Map<string, number>();
  readonly #seen = new Map<Action, TaskNode>();
  /** The critical section that a release ends. */
  #lock: LockEntitiesAction | undefined;
  #cursor = 0;
  #current: TaskNode | undefined;
  #started = false;
  #episode = 0;
  #continueAsNew: { input: unknown } | undefined;

  constructor(history: readonly HistoryEvent[], actions: readonly Action[], events: EventFactory) {
    this.#history = history;
    this.#actions = actions;
    this.#events = events;
    this.#book = new StepBook(history, events);
    this.#ends = new TaskEnds(this.#book);
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
    const { scheduled, cancelable, spent, notBefore, nextId, open } = this.#book;
    this.#book.assertAllReplayed();
    let openTasks = 0;
    for (const node of open.values()) {
      if (node.kind === 'task' || (node.kind === 'timer' && !node.cancelable?.isCanceled)) openTasks++;
    }
    return {
      scheduled,
      canceledTimers: cancelable.filter((node) => node.cancelable?.isCanceled).map((node) => node.id!),
      spent,
      notBefore,
      openTasks,
      continueAsNew: this.#continueAsNew,
      nextId,
      current: this.#current,
    };
  }

  #apply(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        this.#episode++;
        this.#ends.now = Math.max(this.#ends.now, event.Timestamp.getTime());
        return;
      case EventType.ExecutionStarted:
        this.#started = true;
        break;
      case EventType.EventSent: {
        const node = this.#book.open.get(event.EventId);
        if (node?.kind === 'call') {
          this.#book.open.delete(event.EventId);
          this.#calls.set(sentHeader(event).id, node);
        }
        return;
      }
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.#endById(event.TaskScheduledId, { ok: true, result: event.Result });
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed: {
        const failure: TaskFailure = { reason: event.Reason, details: event.Details };
        this.#endById(event.TaskScheduledId, { ok: false, failure });
        break;
      }
      case EventType.ExecutionRewound:
        // What failed is gone from the history: its step is asked for again here.
        break;
      case EventType.TimerFired:
        this.#endById(event.TimerId, { ok: true });
        break;
      case EventType.EventRaised:
        this.#eventRaised(event.Name, event.Input);
        break;
      default:
        return;
    }
    this.#advance();
  }

  #endById(id: number, end: TaskEnd): void {
    const node = this.#book.open.get(id);
    if (node === undefined) return;
    this.#book.open.delete(id);
    this.#ends.end(node, end);
  }

  #eventRaised(name: string, input: string | null): void {
    const call = this.#calls.get(name);
    if (call !== undefined) {
      this.#calls.delete(name);
      // An entity's answer carries `exceptionType` when the operation failed; the SDK then fails the task.
      const failed =
        input !== null && (JSON.parse(input) as { exceptionType?: string } | null)?.exceptionType !== undefined;
      this.#ends.end(call, { ok: !failed });
      return;
    }
    const waiter = this.#waiters.get(name)?.pop();
    if (waiter === undefined) this.#early.set(name, (this.#early.get(name) ?? 0) + 1);
    else this.#ends.end(waiter, { ok: true });
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
    if (this.#episode === this.#book.lastEpisode || !this.#takesId(action)) return false;
    const recorded = this.#book.nextRecordedIn;
    return recorded === undefined || recorded > this.#episode;
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
    const node = this.#make(action, parent);
    this.#seen.set(action, node);
    return node;
  }

  #make(action: Action, parent: TaskNode | undefined): TaskNode {
    switch (action.actionType) {
      case ActionType.CallActivity:
      case ActionType.CallSubOrchestrator:
        return this.#book.call(action, parent);
      case ActionType.CallHttp: {
        if (action.httpRequest.asynchronousPatternEnabled === false) return this.#book.call(action, parent);
        const node = newNode('poll', parent, undefined);
        node.poll = action;
        node.children.push(this.#book.call(action, node));
        return node;
      }
      case ActionType.CallActivityWithRetry:
      case ActionType.CallSubOrchestratorWithRetry: {
        const node = newNode('retry', parent, undefined);
        node.retry = {
          options: action.retryOptions,
          action,
          attempt: 1,
          startedAt: this.#ends.now,
          spent: undefined,
          waiting: false,
        };
        this.#ends.attempt(node);
        return node;
      }
      case ActionType.CreateTimer: {
        const fireAt = new Date(action.fireAt).getTime();
        const { now } = this.#ends;
        if (fireAt - now <= longestTimerMs) return this.#book.timer(fireAt, parent, action);
        const node = newNode('longTimer', parent, undefined);
        node.cancelable = action;
        node.fireAt = fireAt;
        node.children.push(this.#book.timer(nextPiece(fireAt, now), node, action));
        return node;
      }
      case ActionType.WaitForExternalEvent: {
        const node = newNode('event', parent, undefined);
        this.#await(node, action.externalEventName);
        return node;
      }
      case ActionType.CallEntity:
        return this.#book.request(schedulingLabel(action), parent, (id) => this.#events.entity(id, action, false));
      case ActionType.LockEntities:
        this.#lock = action;
        return this.#book.request(schedulingLabel(action), parent, (id) => this.#events.lock(id, action));
      case ActionType.SignalEntity:
      case ActionType.ScheduledSignalEntity: {
        const id = this.#book.send(schedulingLabel(action), (next) => this.#events.entity(next, action, true));
        return { ...newNode('signal', parent, id), state: 'done' };
      }
      case ActionType.ReleaseEntities: {
        const lock = this.#lock;
        for (const entity of lock?.lockSet ?? []) {
          this.#book.send(releaseLabel(entity), (id) => this.#events.release(id, entity, lock!.lockRequestId));
        }
        this.#lock = undefined;
        return { ...newNode('signal', parent, undefined), state: 'done' };
      }
      case ActionType.WhenAny:
      case ActionType.WhenAll:
        return this.#compound(action.actionType === ActionType.WhenAny ? 'any' : 'all', action, parent);
      case ActionType.ContinueAsNew:
        throw new ReplayError('unsupportedAction', 'continueAsNew cannot be part of Task.any or Task.all.');
    }
  }

  #compound(
    kind: 'any' | 'all',
    action: Action & { compoundActions: Action[] },
    parent: TaskNode | undefined,
  ): TaskNode {
    const node = newNode(kind, parent, undefined);
    // Before its children: one of them may refer to it.
    this.#seen.set(action, node);
    node.width = action.compoundActions.length;
    for (const child of action.compoundActions) node.children.push(this.#invoke(child, node));
    node.done = node.children.filter((child) => child.state === 'done').length;
    // The last child may have ended while it was invoked: its event was already there.
    if (node.kind === 'all' && node.state === 'pending' && allDone(node)) this.#ends.end(node, { ok: true });
    return node;
  }

  #await(node: TaskNode, name: string): void {
    const early = this.#early.get(name) ?? 0;
    // The SDK lists the waiter first and then hands it the buffered event, which takes the newest waiter: this one.
    if (early > 0) {
      this.#early.set(name, early - 1);
      this.#ends.end(node, { ok: true });
      return;
    }
    const waiting = this.#waiters.get(name);
    if (waiting === undefined) this.#waiters.set(name, [node]);
    else waiting.push(node);
  }
}
