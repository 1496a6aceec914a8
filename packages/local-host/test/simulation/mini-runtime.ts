import type { Action, OrchestratorOutcome } from '../../src/engine/actions.ts';
import { EventType, type HistoryEvent } from '../../src/engine/history.ts';
import type { Instance } from '../../src/engine/instance.ts';
import { sentHeader } from '../../src/engine/scheduling.ts';
import { interpret } from './interpret.ts';
import { type ContextHost, MiniContext, miniTools } from './mini-context.ts';
import type { Follow, MiniTask } from './mini-task.ts';
import type { Program } from './program.ts';

type Key = number | string;

/** What a program has open when its history has been played: nothing else can bring it on. */
export interface OpenWaits {
  /** Whether its code has come to an end. */
  ended: boolean;
  events: string[];
  /** Sequence ids (of sent messages: message ids) of steps without a result, cancelled timers left out. */
  steps: Key[];
}

/**
 * Replays a program over a history, in the SDK's manner and many times faster: it gives out sequence ids by itself, so
 * a history in which the engine's ids differ makes steps get each other's results.
 */
export class MiniRuntime implements ContextHost {
  readonly instanceId: string;
  readonly #context = new MiniContext(this);
  readonly #program: Generator<unknown, unknown, unknown>;
  readonly #follow: Follow;
  readonly #actions: Action[] = [];
  readonly #open = new Map<Key, MiniTask>();
  readonly #waiters = new Map<string, MiniTask[]>();
  readonly #early = new Map<Key, HistoryEvent[]>();
  #current: MiniTask | undefined;
  #nextId = 0;
  #ended = false;
  #continues = false;
  #output: unknown;
  #error: string | undefined;

  constructor({ instanceId, input }: Instance) {
    this.instanceId = instanceId;
    const context = this.#context;
    this.#follow = {
      get now() {
        return context.currentUtcDateTime.getTime();
      },
      track: (next) => this.#track(next),
    };
    this.#program = interpret(this.#context, miniTools, JSON.parse(input!) as Program);
  }

  /** @param toTheLast whether to follow the open steps further when the program has ended (the SDK does not) */
  play(history: readonly HistoryEvent[], toTheLast = false): OrchestratorOutcome {
    for (const event of history) {
      this.#apply(event);
      if (!toTheLast && (this.#ended || this.#continues)) break;
    }
    const { customStatus } = this.#context;
    return {
      isDone: this.#error === undefined && (this.#ended || this.#continues),
      actions: this.#actions,
      output: this.#output,
      ...(this.#error !== undefined && { error: this.#error }),
      ...(customStatus !== undefined && { customStatus }),
    };
  }

  get waits(): OpenWaits {
    const events = [...this.#waiters].flatMap(([name, tasks]) => (tasks.length > 0 ? [name] : []));
    const open = [...this.#open].filter(([, { action }]) => action?.actionType !== 5 || !action.isCanceled);
    return { ended: this.#ended, events, steps: open.map(([key]) => key) };
  }

  /** Whether an event from outside had come before the program waited for it. */
  hadEarlyEvent = false;

  fireAndForget(action: Action, ids: number): void {
    if (this.#continues) return;
    this.#actions.push(action);
    this.#nextId += ids;
  }

  continueAsNew(input: unknown): void {
    this.#actions.push({ actionType: 4, input });
    this.#continues = true;
  }

  #apply(event: HistoryEvent): void {
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        if (event.Timestamp > this.#context.currentUtcDateTime) this.#context.currentUtcDateTime = event.Timestamp;
        return;
      case EventType.ExecutionStarted:
        this.#resume();
        return;
      case EventType.EventSent: {
        const task = this.#open.get(event.EventId);
        const type = task?.action?.actionType;
        if (task === undefined || (type !== 7 && type !== 13)) return;
        this.#open.delete(event.EventId);
        this.#open.set(sentHeader(event).id, task);
        return;
      }
      default: {
        const key = keyOf(event);
        if (key === undefined) return;
        this.#complete(key, event);
        this.#resume();
      }
    }
  }

  #complete(key: Key, event: HistoryEvent): void {
    const task = this.#open.get(key) ?? this.#waiters.get(key as string)?.pop();
    if (task === undefined) {
      if (event.EventType === EventType.EventRaised) this.hadEarlyEvent = true;
      const early = this.#early.get(key);
      if (early === undefined) this.#early.set(key, [event]);
      else early.push(event);
      return;
    }
    this.#open.delete(key);
    const { ok, value } = resultOf(event, task);
    task.end(ok, value, this.#follow);
  }

  #resume(): void {
    while (!this.#ended && this.#current?.state !== 'open') {
      let next: IteratorResult<unknown, unknown>;
      try {
        next = this.#current?.isFaulted
          ? this.#program.throw(this.#current.result)
          : this.#program.next(this.#current?.result);
      } catch (error) {
        this.#error = (error as Error).message;
        this.#ended = true;
        return;
      }
      if (next.done) {
        this.#output = next.value;
        this.#ended = true;
        return;
      }
      this.#current = next.value as MiniTask;
      if (this.#current.state !== 'open') continue;
      if (!this.#current.listed && !this.#continues) this.#actions.push(this.#current.action!);
      this.#current.listed = true;
      this.#track(this.#current);
    }
  }

  #track(task: MiniTask): void {
    if (task.kind !== 'step' && task.kind !== 'event') {
      for (const child of [...task.children]) this.#track(child);
      return;
    }
    let key: Key;
    if (task.kind === 'step') {
      key = this.#nextId++;
      task.id = key;
      this.#open.set(key, task);
    } else {
      key = (task.action as { externalEventName: string }).externalEventName;
      const waiting = this.#waiters.get(key);
      if (waiting === undefined) this.#waiters.set(key, [task]);
      else waiting.push(task);
    }
    const early = this.#early.get(key)?.shift();
    if (early !== undefined) this.#complete(key, early);
  }
}

function keyOf(event: HistoryEvent): Key | undefined {
  switch (event.EventType) {
    case EventType.TaskCompleted:
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceCompleted:
    case EventType.SubOrchestrationInstanceFailed:
      return event.TaskScheduledId;
    case EventType.TimerFired:
      return event.TimerId;
    case EventType.EventRaised:
      return event.Name;
    default:
      return undefined;
  }
}

function resultOf(event: HistoryEvent, task: MiniTask): { ok: boolean; value: unknown } {
  switch (event.EventType) {
    case EventType.TaskCompleted:
    case EventType.SubOrchestrationInstanceCompleted:
      return { ok: true, value: JSON.parse(event.Result) as unknown };
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceFailed:
      return { ok: false, value: new Error(`${event.Reason} \n ${event.Details}`) };
    case EventType.EventRaised: {
      if (task.action?.actionType === 13) return { ok: true, value: task.result };
      const value: unknown = event.Input ? JSON.parse(event.Input) : undefined;
      if (task.action?.actionType !== 7) return { ok: true, value };
      const answer = value as { result: string | null; exceptionType?: string };
      const result: unknown = answer.result ? JSON.parse(answer.result) : undefined;
      if (answer.exceptionType === undefined) return { ok: true, value: result };
      return { ok: false, value: new Error(String(result)) };
    }
    default:
      return { ok: true, value: undefined };
  }
}
