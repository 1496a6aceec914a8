import { EventType, type HistoryEvent, isSchedulingEvent } from '../../src/engine/history.ts';
import type { Judge } from './judge.ts';

/** What a history may look like, event by event: ids without gaps, every result for a step that was asked for, once. */
export class HistoryModel {
  started = false;
  readonly #instanceId: string;
  readonly #judge: Judge;
  readonly #kinds = new Map<number, number>();
  readonly #ended = new Map<number, string>();
  #over = false;
  #time = 0;

  readonly #copies: boolean;

  /** @param copies whether a fault stores messages twice; then equal results of one step may follow each other */
  constructor(instanceId: string, judge: Judge, copies: boolean) {
    this.#copies = copies;
    this.#instanceId = instanceId;
    this.#judge = judge;
  }

  /** How many steps have no result. */
  get open(): number {
    return this.#kinds.size - this.#ended.size;
  }

  add(event: HistoryEvent): void {
    const at = `${this.#instanceId}, event ${event.EventType}`;
    this.#judge.require(
      !this.#over || event.EventType === EventType.OrchestratorCompleted,
      'W9',
      () => `${at} comes after the end`,
    );
    if (isSchedulingEvent(event)) {
      this.#judge.require(
        event.EventId === this.#kinds.size,
        'W2',
        () => `${at} has id ${event.EventId}, the next one is ${this.#kinds.size}`,
      );
      this.#kinds.set(event.EventId, event.EventType);
      return;
    }
    switch (event.EventType) {
      case EventType.ExecutionStarted:
        this.#judge.require(!this.started, 'W11', () => `${at} is there twice`);
        this.started = true;
        return;
      case EventType.OrchestratorStarted: {
        const time = new Date(event.Timestamp).getTime();
        this.#judge.require(time >= this.#time, 'W3', () => `${at} runs back in time`);
        this.#time = time;
        return;
      }
      case EventType.ExecutionCompleted:
        this.#over = true;
        return;
      case EventType.TaskCompleted:
      case EventType.TaskFailed:
        this.#end(event.TaskScheduledId, EventType.TaskScheduled, at, event);
        return;
      case EventType.SubOrchestrationInstanceCompleted:
      case EventType.SubOrchestrationInstanceFailed:
        this.#end(event.TaskScheduledId, EventType.SubOrchestrationInstanceCreated, at, event);
        return;
      case EventType.TimerFired:
        this.#end(event.TimerId, EventType.TimerCreated, at, event);
        return;
      default:
        return;
    }
  }

  #end(id: number, kind: number, at: string, event: HistoryEvent): void {
    this.#judge.require(this.#kinds.get(id) === kind, 'W11', () => `${at} answers step ${id}, which is another`);
    const before = this.#ended.get(id);
    const text = JSON.stringify({ ...event, Timestamp: null });
    const alright = before === undefined || (this.#copies && before === text);
    this.#judge.require(alright, 'W1', () => `${at}: step ${id} has two results`);
    this.#ended.set(id, text);
  }
}
