import type { Action } from './actions.ts';
import { ReplayError } from './errors.ts';
import { EventType, type HistoryEvent, isSchedulingEvent, type SchedulingEvent } from './history.ts';
import { type EventFactory, schedulingLabel, timerLabel } from './scheduling.ts';
import { newNode, type TaskFailure, type TaskNode } from './task-tree.ts';

/** The steps of one execution by sequence id: what history has recorded, and what this replay asks for (Q1, Q4). */
export class StepBook {
  readonly scheduled: SchedulingEvent[] = [];
  readonly open = new Map<number, TaskNode>();
  /** Timers that the orchestrator may cancel. */
  readonly cancelable: TaskNode[] = [];
  readonly spent = new Map<number, TaskFailure>();
  /** Calls that must not run before a time, by id; epoch ms. */
  readonly notBefore = new Map<number, number>();
  readonly lastEpisode: number;
  readonly #recorded = new Map<number, { event: SchedulingEvent; episode: number }>();
  readonly #events: EventFactory;
  #nextId = 0;

  constructor(history: readonly HistoryEvent[], events: EventFactory) {
    this.#events = events;
    let episode = 0;
    for (const event of history) {
      if (event.EventType === EventType.OrchestratorStarted) episode++;
      else if (isSchedulingEvent(event)) this.#recorded.set(event.EventId, { event, episode });
    }
    this.lastEpisode = episode;
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** The episode that recorded the id which comes next; undefined if none has. */
  get nextRecordedIn(): number | undefined {
    return this.#recorded.get(this.#nextId)?.episode;
  }

  /** An activity, a sub-orchestration or an HTTP call. */
  call(action: Action, parent: TaskNode | undefined): TaskNode {
    return this.#task('task', schedulingLabel(action), parent, (id) => this.#events.call(id, action));
  }

  timer(fireAt: number, parent: TaskNode | undefined, cancelable?: { isCanceled: boolean }): TaskNode {
    const node = this.#task('timer', timerLabel, parent, (id) => this.#events.timer(id, fireAt));
    if (cancelable !== undefined) {
      node.cancelable = cancelable;
      this.cancelable.push(node);
    }
    return node;
  }

  /** A message that is answered by an event, such as an entity call. */
  request(label: string, parent: TaskNode | undefined, make: (id: number) => SchedulingEvent): TaskNode {
    return this.#task('call', label, parent, make);
  }

  /** A message that nobody waits for. */
  send(label: string, make: (id: number) => SchedulingEvent): number {
    const id = this.#nextId++;
    this.#schedule(id, label, make);
    return id;
  }

  /** @throws ReplayError if history has a step that the replay did not ask for */
  assertAllReplayed(): void {
    for (const [id, { event }] of this.#recorded) {
      if (id < this.#nextId) continue;
      throw new ReplayError(
        'nonDeterministic',
        `Non-deterministic orchestrator: the history records step ${id} as ${schedulingLabel(event)}, but the replay ` +
          'did not ask for it. Orchestrator code must not depend on time, random values or outside state: use ' +
          'context.df.currentUtcDateTime, context.df.newGuid and activities.',
      );
    }
  }

  #task(
    kind: TaskNode['kind'],
    label: string,
    parent: TaskNode | undefined,
    make: (id: number) => SchedulingEvent,
  ): TaskNode {
    const id = this.#nextId++;
    const node = newNode(kind, parent, id);
    this.open.set(id, node);
    this.#schedule(id, label, make);
    return node;
  }

  /** Q4. The event is made only if it is new: in a replay nearly all are recorded, and inputs may be large. */
  #schedule(id: number, label: string, make: (id: number) => SchedulingEvent): void {
    const recorded = this.#recorded.get(id)?.event;
    if (recorded === undefined) {
      this.scheduled.push(make(id));
      return;
    }
    if (schedulingLabel(recorded) !== label) {
      throw new ReplayError(
        'nonDeterministic',
        `Non-deterministic orchestrator: step ${id} was ${schedulingLabel(recorded)} when it first ran, and is ` +
          `${label} in this replay. Either the orchestrator's code has changed while this instance was ` +
          'running, or it depends on time, random values or outside state. Use context.df.currentUtcDateTime, ' +
          'context.df.newGuid and activities.',
      );
    }
  }
}
