import { randomUUID } from 'node:crypto';
import type { OrchestratorOutcome } from '../engine/actions.ts';
import { releasesAtEnd } from '../engine/entity-lock.ts';
import {
  childExecution,
  type EpisodeLimits,
  type EpisodeResult,
  failEpisode,
  finishEpisode,
  pauseEpisode,
  planEpisode,
  terminateEpisode,
} from '../engine/episode.ts';
import { ReplayError } from '../engine/errors.ts';
import { type ExplicitOutcome, isExplicit } from '../engine/explicit/actions.ts';
import { finishExplicitEpisode } from '../engine/explicit/episode.ts';
import { decodeEvent, EventType, encodeEvent, type HistoryEvent } from '../engine/history.ts';
import type { Instance } from '../engine/instance.ts';
import { rewindMessage } from '../engine/messages.ts';
import { rewindHistory, withoutEnd } from '../engine/rewind.ts';
import { matches, type VersionMatch } from '../engine/version.ts';
import type { Commit, StoredMessage } from '../store/store.ts';
import { Cache } from './cache.ts';
import { decodeMessage, type Hot, type Inbox, isOrder, isOrderEvent, sortInbox } from './inbox.ts';
import { isDamaged, type LaneServices } from './lane-services.ts';
import { Slots } from './slots.ts';

/** Most that is kept of histories, in characters. */
const cachedCharacters = 64 * 1024 * 1024;

/** Runs orchestrations: takes an instance's messages, plays one episode, commits it, and delivers what follows. */
export class OrchestrationLane {
  readonly slots: Slots;
  readonly #services: LaneServices;
  readonly #hot = new Cache<Hot>(cachedCharacters);

  constructor(services: LaneServices) {
    this.#services = services;
    this.slots = new Slots((id, queue) => this.#work(id, queue), services.policy.maxConcurrentOrchestrators);
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
    let taken: StoredMessage[] = [];
    try {
      const next = this.#take(id, queue);
      if (next === undefined) return false;
      taken = next;
      return await this.#step(id, taken);
    } catch (error) {
      queue.unshift(...taken);
      if (isDamaged(error)) return this.#services.setAside(`Orchestration ${id}`, error);
      this.#services.stepFailed(`Orchestration ${id}`, describe(error), () => this.slots.wake(id));
      return false;
    }
  }

  /** Which messages this step handles: while suspended only orders, and an order goes first and alone. */
  #take(id: string, queue: StoredMessage[]): StoredMessage[] | undefined {
    const instance = this.#load(id)?.instance;
    // Without a record yet, the start is among the messages and has to come first.
    const order = instance === undefined ? -1 : queue.findIndex((message) => isOrder(decodeMessage(message)));
    if (order >= 0) return queue.splice(order, 1);
    if (instance?.status === 'Suspended') return undefined;
    return queue.splice(0);
  }

  async #step(id: string, taken: StoredMessage[]): Promise<boolean> {
    const inbox = sortInbox(id, this.#load(id), taken, this.#services.clock.now());
    const { hot } = inbox;
    if (hot === undefined || inbox.events.length === 0) {
      await this.#services.commit({ consume: inbox.consume, outgoing: inbox.outgoing });
      return true;
    }
    const order = inbox.events.find(isOrderEvent);
    const now = this.#services.clock.now();
    switch (order?.EventType) {
      case EventType.ExecutionTerminated: {
        const plan = planEpisode(hot.history, inbox.events, now);
        await this.#save(hot, inbox, terminateEpisode(hot.instance, hot.history, plan, order.Input, now));
        return true;
      }
      case EventType.ExecutionSuspended:
      case EventType.ExecutionResumed: {
        const status = order.EventType === EventType.ExecutionSuspended ? 'Suspended' : 'Running';
        const plan = planEpisode(hot.history, inbox.events, now);
        await this.#save(hot, inbox, pauseEpisode(hot.instance, plan, status, now));
        return true;
      }
      case EventType.ExecutionRewound:
        return this.#rewind(hot, inbox, taken);
      default:
        return this.#episode(hot, inbox, taken);
    }
  }

  /** Runs the orchestrator over its history and the new events. */
  async #episode(hot: Hot, inbox: Inbox, taken: StoredMessage[]): Promise<boolean> {
    const { clock, policy } = this.#services;
    const plan = planEpisode(hot.history, inbox.events, clock.now());
    const { instanceId: id, version, name } = hot.instance;
    if (!matches(policy.versions, version)) {
      const text = `Instance '${id}' has version '${version}'; this app is version '${policy.versions?.current}' and runs ${versionRule(policy.versions?.match)}.`;
      if (policy.versions?.onMismatch !== 'Fail') return this.#park(taken, text);
      const error = new ReplayError('versionMismatch', text);
      await this.#save(hot, inbox, failEpisode(hot.instance, hot.history, plan, error, clock.now()));
      return true;
    }
    if (!this.#services.executor.has('orchestration', name)) return this.#park(taken, this.#unknown(name));
    if (hot.instance.status === 'Pending') hot.instance = { ...hot.instance, status: 'Running' };
    const outcome = await this.#run(hot.instance, [...hot.history, ...plan.events], taken);
    const { instance, history } = hot;
    const episode = { instance, history, plan, now: clock.now(), newExecutionId: randomUUID };
    const result = isExplicit(outcome)
      ? finishExplicitEpisode({ ...episode, outcome })
      : finishEpisode({ ...episode, outcome, limits: this.#limits() });
    if (result.fault !== undefined) this.#services.logger.error(`Orchestration ${id} failed. ${result.fault.message}`);
    await this.#save(hot, inbox, result);
    return true;
  }

  /** Lets a failed instance go on from before its failure; if its code no longer allows that, it stays as it is. */
  async #rewind(hot: Hot, inbox: Inbox, taken: StoredMessage[]): Promise<boolean> {
    const { executor, logger } = this.#services;
    const { instance } = hot;
    if (!executor.has('orchestration', instance.name)) return this.#park(taken, this.#unknown(instance.name));
    const running: Instance = { ...instance, status: 'Running', output: null };
    const ended = withoutEnd(hot.history);
    try {
      if (releasesAtEnd(ended, instance.instanceId).length > 0) {
        throw new ReplayError('unsupportedAction', 'It failed while it held locks, which are free again since.');
      }
      const failed = await this.#run(running, ended, taken);
      if (isExplicit(failed)) {
        throw new ReplayError('unsupportedAction', 'Orchestrations that speak protobuf cannot be rewound here yet.');
      }
      const { history, children } = rewindHistory(ended, failed.actions, (child, taskId) => {
        const known = this.instance(child);
        return known?.status === 'Failed' && known.executionId === childExecution(instance.executionId, taskId);
      });
      const now = this.#services.clock.now();
      const plan = planEpisode(history, inbox.events, now);
      const outcome = (await this.#run(running, [...history, ...plan.events], taken)) as OrchestratorOutcome;
      const newExecutionId = randomUUID;
      const limits = this.#limits();
      const result = finishEpisode({ instance: running, history, plan, outcome, now, newExecutionId, limits });
      if (result.fault !== undefined) throw result.fault;
      for (const { instanceId, taskId } of children) {
        const childId = childExecution(instance.executionId, taskId);
        result.outgoing.push(rewindMessage(instanceId, childId, 'The parent was rewound.', now));
      }
      if (!result.replaceHistory) result.append.unshift(...history);
      await this.#save({ instance: running, history: [], size: 0 }, { ...inbox, replace: true }, result);
    } catch (error) {
      if (!(error instanceof ReplayError)) throw error;
      logger.error(`Orchestration ${instance.instanceId} cannot be rewound and stays failed. ${error.message}`);
      await this.#services.commit({ consume: inbox.consume, outgoing: inbox.outgoing });
    }
    return true;
  }

  #run(
    instance: Instance,
    history: HistoryEvent[],
    taken: StoredMessage[],
  ): Promise<OrchestratorOutcome | ExplicitOutcome> {
    return this.#services.guard<OrchestratorOutcome | ExplicitOutcome>(taken, async (poison) =>
      poison === undefined
        ? this.#services.executor.runOrchestrator(instance, history)
        : { isDone: false, actions: [], error: poison },
    );
  }

  #limits(): EpisodeLimits {
    const { versions, maxOrchestrationActions: maxActions } = this.#services.policy;
    return { ...(versions && { defaultVersion: versions.current }), ...(maxActions !== undefined && { maxActions }) };
  }

  #unknown(name: string): string {
    const known = this.#services.executor.names('orchestration').join(', ') || 'none';
    return `The app has no orchestrator function '${name}' (known: ${known}).`;
  }

  /** The code may come back with the next deployment: nothing is lost by waiting. */
  #park(taken: StoredMessage[], reason: string): boolean {
    const { target } = taken[0]!;
    this.#services.logger.warn(`Orchestration ${target} waits. ${reason}`);
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
}

function versionRule(match: VersionMatch | undefined): string {
  return match === 'Strict' ? 'only that version' : 'that version and older ones';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
