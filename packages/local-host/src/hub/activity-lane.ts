import { DetailedFailure } from '../engine/explicit/failure-details.ts';
import { EventType, type HistoryEvent } from '../engine/history.ts';
import type { ActivityMessage, Outgoing } from '../engine/instance.ts';
import type { StoredMessage } from '../store/store.ts';
import { unknownFunctionText } from './executor.ts';
import type { LaneServices } from './lane-services.ts';
import { UnstoredResult } from './unstored-result.ts';

/** Runs activities side by side up to a limit. An activity runs again only if its result was never stored. */
export class ActivityLane {
  readonly #services: LaneServices;
  readonly #limit: number;
  readonly #queue: StoredMessage[] = [];
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(services: LaneServices) {
    this.#services = services;
    this.#limit = services.policy.maxConcurrentActivities ?? 100;
  }

  add(message: StoredMessage): void {
    this.#queue.push(message);
    this.#pump();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled([...this.#running]);
  }

  #pump(): void {
    while (!this.#stopped && this.#running.size < this.#limit) {
      const message = this.#queue.shift();
      if (message === undefined) return;
      const running = this.#run(message).finally(() => {
        this.#running.delete(running);
        this.#pump();
      });
      this.#running.add(running);
    }
  }

  async #run(message: StoredMessage): Promise<void> {
    const activity = JSON.parse(message.body) as ActivityMessage;
    const what = `Activity '${activity.name}'`;
    const outcome = await this.#untilStored(what, () =>
      this.#services.guard([message], (poison) => this.#outcome(activity, poison)),
    );
    if (outcome === 'cutOff') return;
    const outgoing: Outgoing[] = [];
    if (outcome !== 'unwanted') {
      const result = new UnstoredResult(message.id, activity.instanceId, activity.executionId, outcome);
      // What an earlier process left may have been its end: if that was the orchestrator's doing, the result has to be a
      // message of its own, whose attempts are counted.
      if (message.attempts === undefined && this.#services.handOver(result)) return;
      outgoing.push(result.stored());
    }
    await this.#untilStored(what, () => this.#services.commit({ consume: [message.id], outgoing }));
  }

  /** Repeats a step whose write fails; while stopping it is left for the next start. */
  async #untilStored<T>(what: string, step: () => Promise<T>): Promise<T | 'cutOff'> {
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (this.#stopped) return 'cutOff';
        const text = error instanceof Error ? error.message : String(error);
        await new Promise<void>((resolve) => this.#services.stepFailed(what, text, resolve));
      }
    }
  }

  async #outcome(activity: ActivityMessage, poison: string | undefined): Promise<HistoryEvent | 'unwanted' | 'cutOff'> {
    // Both are asked for here, since the guard may have taken a flush to record the attempt.
    if (this.#stopped) return 'cutOff';
    if (!this.#services.isRunning(activity.instanceId, activity.executionId)) return 'unwanted';
    const { executor, clock, logger } = this.#services;
    const base = { EventId: -1, IsPlayed: false, TaskScheduledId: activity.taskId };
    try {
      if (poison !== undefined) throw new Error(poison);
      if (!executor.has('activity', activity.name)) {
        throw new Error(unknownFunctionText(executor, 'activity', activity.name));
      }
      const result = await executor.runActivity(activity);
      return { ...base, EventType: EventType.TaskCompleted, Timestamp: new Date(clock.now()), Result: result };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      logger.withCategory(`Function.${activity.name}`).error(`Activity '${activity.name}' failed.`, error);
      return {
        ...base,
        EventType: EventType.TaskFailed,
        Timestamp: new Date(clock.now()),
        Reason: error instanceof DetailedFailure ? text : `Activity function '${activity.name}' failed: ${text}`,
        Details: '',
        ...(error instanceof DetailedFailure && { FailureDetails: error.details }),
      };
    }
  }
}
