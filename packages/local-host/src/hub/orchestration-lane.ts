import { randomUUID } from 'node:crypto';
import type { OrchestratorOutcome } from '../engine/actions.ts';
import { type EpisodeResult, finishEpisode, pauseEpisode, planEpisode, terminateEpisode } from '../engine/episode.ts';
import {
  arrival,
  decodeEvent,
  EventType,
  type ExecutionStarted,
  encodeEvent,
  type HistoryEvent,
} from '../engine/history.ts';
import { type Instance, type InstanceMessage, isFinal, type Outgoing } from '../engine/instance.ts';
import { instanceMessage } from '../engine/messages.ts';
import type { Commit, StoredMessage } from '../store/store.ts';
import { Cache } from './cache.ts';
import { decodeOnce } from './decode-once.ts';
import type { LaneServices } from './lane-services.ts';
import { Slots } from './slots.ts';

/** Most that is kept of histories, in characters. */
const cachedCharacters = 64 * 1024 * 1024;

interface Hot {
  instance: Instance;
  history: HistoryEvent[];
  /** Characters of the stored history. */
  size: number;
}

interface Inbox {
  hot: Hot | undefined;
  consume: number[];
  events: HistoryEvent[];
  outgoing: Outgoing[];
  replace: boolean;
}

/** Runs orchestrations: takes an instance's messages, plays one episode, commits it, and delivers what follows. */
export class OrchestrationLane {
  readonly slots: Slots;
  readonly #services: LaneServices;
  readonly #hot = new Cache<Hot>(cachedCharacters);

  constructor(services: LaneServices) {
    this.#services = services;
    this.slots = new Slots((id, queue) => this.#work(id, queue));
  }

  /** The committed record of an instance. */
  instance(id: string): Instance | undefined {
    return this.#hot.get(id)?.instance ?? this.#services.store.instance(id);
  }

  forget(id: string): void {
    this.#hot.delete(id);
    this.slots.drop(id);
  }

  #load(id: string): Hot | undefined {
    const hot = this.#hot.get(id);
    if (hot !== undefined) return hot;
    const instance = this.#services.store.instance(id);
    if (instance === undefined) return undefined;
    const events = this.#services.store.history(id);
    const size = events.reduce((sum, event) => sum + event.length, 0);
    const loaded: Hot = { instance, history: events.map(decodeEvent), size };
    this.#keep(id, loaded);
    return loaded;
  }

  #keep(id: string, hot: Hot): void {
    const { input, output, customStatus } = hot.instance;
    const own = (input?.length ?? 0) + (output?.length ?? 0) + (customStatus?.length ?? 0);
    this.#hot.set(id, hot, 1_000 + own + 2 * hot.size);
  }

  async #work(id: string, queue: StoredMessage[]): Promise<boolean> {
    const taken = this.#take(id, queue);
    if (taken === undefined) return false;
    try {
      return await this.#step(id, taken);
    } catch (error) {
      queue.unshift(...taken);
      this.#services.stepFailed(`Orchestration ${id}`, describe(error), () => this.slots.wake(id));
      return false;
    }
  }

  /** Which messages this step handles: while suspended only orders, and an order goes first and alone. */
  #take(id: string, queue: StoredMessage[]): StoredMessage[] | undefined {
    const instance = this.#load(id)?.instance;
    // Without a record yet, the start is among the messages and has to come first.
    const order = instance === undefined ? -1 : queue.findIndex((message) => isOrder(decode(message).event));
    if (order >= 0) return queue.splice(order, 1);
    if (instance?.status === 'Suspended') return undefined;
    return queue.splice(0);
  }

  async #step(id: string, taken: StoredMessage[]): Promise<boolean> {
    const inbox = this.#sort(id, taken);
    const { hot } = inbox;
    if (hot === undefined || inbox.events.length === 0) {
      await this.#services.commit({ consume: inbox.consume, outgoing: inbox.outgoing });
      return true;
    }
    const { executor, clock } = this.#services;
    const order = inbox.events.find(isOrder);
    const now = clock.now();
    const plan = planEpisode(hot.history, inbox.events, now);
    let result: EpisodeResult;
    if (order?.EventType === EventType.ExecutionTerminated) {
      result = terminateEpisode(hot.instance, hot.history, plan, order.Input, now);
    } else if (order !== undefined) {
      const status = order.EventType === EventType.ExecutionSuspended ? 'Suspended' : 'Running';
      await this.#save(hot, inbox, pauseEpisode(hot.instance, plan, status, now));
      return true;
    } else if (!executor.has('orchestration', hot.instance.name)) {
      // The code may come back with the next deployment: nothing is lost by waiting.
      this.#services.logger.warn(
        `Orchestration ${id} waits: the app has no orchestrator function '${hot.instance.name}' (known: ${executor.names('orchestration').join(', ') || 'none'}).`,
      );
      return this.#park(taken);
    } else {
      if (hot.instance.status === 'Pending') hot.instance = { ...hot.instance, status: 'Running' };
      const { instance } = hot;
      const history = [...hot.history, ...plan.events];
      const outcome = await this.#services.guard<OrchestratorOutcome>(taken, async (poison) =>
        poison === undefined
          ? executor.runOrchestrator(instance, history)
          : { isDone: false, actions: [], error: poison },
      );
      result = finishEpisode({
        instance: hot.instance,
        history: hot.history,
        plan,
        outcome,
        now: clock.now(),
        newExecutionId: randomUUID,
      });
    }
    if (result.fault !== undefined) this.#services.logger.error(`Orchestration ${id} failed. ${result.fault.message}`);
    await this.#save(hot, inbox, result);
    return true;
  }

  #park(taken: StoredMessage[]): boolean {
    const target = taken[0]!.target;
    this.slots.putBack(target, taken);
    return false;
  }

  async #save(hot: Hot, inbox: Inbox, result: EpisodeResult): Promise<void> {
    const replace = result.replaceHistory || inbox.replace;
    const { instanceId } = result.instance;
    const events = result.append.map(encodeEvent);
    const commit: Commit = {
      consume: inbox.consume,
      instance: result.instance,
      history: {
        instanceId,
        replace,
        from: result.replaceHistory ? 0 : hot.history.length,
        events,
      },
      outgoing: [...inbox.outgoing, ...result.outgoing],
      withdraw: result.withdraw.map((tag) => ({ target: instanceId, tag })),
    };
    const history = result.replaceHistory ? [] : hot.history;
    await this.#services.commit(commit, () => {
      for (const event of result.append) event.IsPlayed = true;
      history.push(...result.append);
      const size = (result.replaceHistory ? 0 : hot.size) + events.reduce((sum, event) => sum + event.length, 0);
      this.#keep(instanceId, { instance: result.instance, history, size });
    });
  }

  /** Splits messages into those that count for the current execution (E3) and those that are only taken off. */
  #sort(id: string, taken: StoredMessage[]): Inbox {
    const inbox: Inbox = { hot: this.#load(id), consume: [], events: [], outgoing: [], replace: false };
    for (const message of taken) {
      inbox.consume.push(message.id);
      const { executionId, event } = decode(message);
      if (event.EventType === EventType.ExecutionStarted) {
        this.#started(inbox, id, event);
        continue;
      }
      const current = inbox.hot?.instance;
      if (current === undefined || isFinal(current.status)) continue;
      if (executionId !== null && executionId !== current.executionId) continue;
      inbox.events.push(event);
    }
    return inbox;
  }

  #started(inbox: Inbox, id: string, event: ExecutionStarted): void {
    const current = inbox.hot?.instance;
    const { ExecutionId } = event.OrchestrationInstance;
    if (current !== undefined && current.executionId === ExecutionId) {
      if (isFinal(current.status)) return;
      if (!inbox.hot!.history.some((past) => past.EventType === EventType.ExecutionStarted))
        inbox.events.unshift(event);
      return;
    }
    if (current !== undefined && !isFinal(current.status)) {
      const { ParentInstance: parent } = event;
      if (parent === undefined) return;
      const refused: HistoryEvent = {
        EventType: EventType.SubOrchestrationInstanceFailed,
        ...arrival(event.Timestamp),
        TaskScheduledId: parent.TaskScheduleId,
        Reason: `An orchestration instance with the id '${id}' is already running.`,
        Details: '',
      };
      const { InstanceId, ExecutionId: parentExecution } = parent.OrchestrationInstance;
      inbox.outgoing.push(instanceMessage(InstanceId, refused, parentExecution));
      return;
    }
    const now = this.#services.clock.now();
    inbox.replace = true;
    inbox.events = [event];
    inbox.hot = { instance: newInstance(id, event, now), history: [], size: 0 };
  }
}

/** The record of an instance that is about to start. */
export function newInstance(id: string, event: ExecutionStarted, now: number): Instance {
  return {
    instanceId: id,
    name: event.Name,
    version: event.Version,
    executionId: event.OrchestrationInstance.ExecutionId,
    status: 'Pending',
    input: event.Input,
    output: null,
    customStatus: null,
    createdAt: now,
    updatedAt: now,
    parent: event.ParentInstance ?? null,
  };
}

const decode = decodeOnce((body): InstanceMessage => {
  const { executionId, event } = JSON.parse(body) as InstanceMessage;
  event.Timestamp = new Date(event.Timestamp);
  event.IsPlayed = false;
  return { executionId, event };
});

function isOrder(event: HistoryEvent): boolean {
  return (
    event.EventType === EventType.ExecutionTerminated ||
    event.EventType === EventType.ExecutionSuspended ||
    event.EventType === EventType.ExecutionResumed
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
