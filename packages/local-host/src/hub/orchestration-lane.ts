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
import { EventType, encodeEvent, type HistoryEvent } from '../engine/history.ts';
import { type Instance, isFinal } from '../engine/instance.ts';
import { rewindMessage } from '../engine/messages.ts';
import { rewindHistory, withoutEnd } from '../engine/rewind.ts';
import { matches, type VersionMatch } from '../engine/version.ts';
import type { Commit, StoredMessage } from '../store/store.ts';
import { type Hot, type Inbox, isOrderEvent, sortInbox } from './inbox.ts';
import { InstanceCache } from './instance-cache.ts';
import { isDamaged, type LaneServices } from './lane-services.ts';
import { Slots, type Worked } from './slots.ts';
import { takeNext } from './take-next.ts';
import { UnstoredResult } from './unstored-result.ts';

/** Runs orchestrations: takes an instance's messages, plays one episode, commits it, and delivers what follows. */
export class OrchestrationLane {
  readonly slots: Slots;
  readonly #services: LaneServices;
  readonly #cache: InstanceCache;
  #stopped = false;

  constructor(services: LaneServices) {
    this.#services = services;
    this.#cache = new InstanceCache(services.store);
    this.slots = new Slots((id, queue) => this.#work(id, queue), services.policy.maxConcurrentOrchestrators);
  }

  /** The committed record of an instance. */
  instance(id: string): Instance | undefined {
    return this.#cache.instance(id);
  }

  forget(id: string): void {
    this.#cache.forget(id);
  }

  /**
   * Takes a result that is not stored yet; the next step of its instance takes it in and is its first commit.
   *
   * @returns false if that may be long: it has to be stored then
   */
  accept(result: UnstoredResult): boolean {
    const instance = this.#cache.hot(result.target)?.instance;
    if (this.#stopped || instance?.status !== 'Running' || instance.executionId !== result.executionId) return false;
    this.slots.add(result);
    return true;
  }

  /** Starts nothing new, waits for what runs, and stores the results that came too late for that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const ended = this.slots.stop();
    // At once, in case the time is up before the end; and again for a step that could not be written.
    for (const wait of [undefined, ended]) {
      await wait;
      await Promise.all(this.slots.queues().map((queue) => this.#storeResults(queue)));
    }
  }

  async #work(id: string, queue: StoredMessage[]): Promise<Worked> {
    const worked = await this.#tryStep(id, queue);
    if (worked !== 'held') return worked;
    return (await this.#storeResults(queue)) ? 'held' : 'failed';
  }

  /** Stores results that have to wait. @returns false if that failed and will be tried again */
  async #storeResults(queue: StoredMessage[]): Promise<boolean> {
    for (;;) {
      const results = queue.filter((message) => message instanceof UnstoredResult);
      const [first] = results;
      if (first === undefined) return true;
      for (const result of results) queue.splice(queue.indexOf(result), 1);
      try {
        // They come back as messages, behind what waits already.
        const outgoing = results.map((result) => result.stored());
        await this.#services.commit({ consume: results.map(({ id }) => id), outgoing });
      } catch (error) {
        queue.unshift(...results);
        const { target } = first;
        this.#services.stepFailed(`Results for ${target}`, describe(error), () => this.slots.wake(target));
        return false;
      }
    }
  }

  async #tryStep(id: string, queue: StoredMessage[]): Promise<Worked> {
    let taken: StoredMessage[] = [];
    try {
      const next = takeNext(this.#cache.load(id)?.instance, queue);
      if (next === undefined) return 'held';
      taken = next;
      return await this.#step(id, taken);
    } catch (error) {
      queue.unshift(...taken);
      if (isDamaged(error)) {
        this.#services.setAside(`Orchestration ${id}`, error);
        return 'held';
      }
      this.#services.stepFailed(`Orchestration ${id}`, describe(error), () => this.slots.wake(id));
      return 'failed';
    }
  }

  async #step(id: string, taken: StoredMessage[]): Promise<Worked> {
    const inbox = sortInbox(id, this.#cache.load(id), taken, this.#services.clock.now());
    const { hot } = inbox;
    if (hot === undefined || inbox.events.length === 0) {
      await this.#services.commit({ consume: inbox.consume, outgoing: inbox.outgoing });
      return 'done';
    }
    const order = inbox.events.find(isOrderEvent);
    const now = this.#services.clock.now();
    switch (order?.EventType) {
      case EventType.ExecutionTerminated: {
        const plan = planEpisode(hot.history, inbox.events, now);
        await this.#save(hot, inbox, terminateEpisode(hot.instance, hot.history, plan, order.Input, now));
        return 'done';
      }
      case EventType.ExecutionSuspended:
      case EventType.ExecutionResumed: {
        const status = order.EventType === EventType.ExecutionSuspended ? 'Suspended' : 'Running';
        const plan = planEpisode(hot.history, inbox.events, now);
        await this.#save(hot, inbox, pauseEpisode(hot.instance, plan, status, now));
        return 'done';
      }
      case EventType.ExecutionRewound:
        return this.#rewind(hot, inbox, taken);
      default:
        return this.#episode(hot, inbox, taken);
    }
  }

  /** Runs the orchestrator over its history and the new events. */
  async #episode(hot: Hot, inbox: Inbox, taken: StoredMessage[]): Promise<Worked> {
    const { clock, policy } = this.#services;
    const plan = planEpisode(hot.history, inbox.events, clock.now());
    const { instanceId: id, version, name } = hot.instance;
    if (!matches(policy.versions, version)) {
      const text = `Instance '${id}' has version '${version}'; this app is version '${policy.versions?.current}' and runs ${versionRule(policy.versions?.match)}.`;
      if (policy.versions?.onMismatch !== 'Fail') return this.#park(taken, text);
      const error = new ReplayError('versionMismatch', text);
      await this.#save(hot, inbox, failEpisode(hot.instance, hot.history, plan, error, clock.now()));
      return 'done';
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
    return 'done';
  }

  /** Lets a failed instance go on from before its failure; if its code no longer allows that, it stays as it is. */
  async #rewind(hot: Hot, inbox: Inbox, taken: StoredMessage[]): Promise<Worked> {
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
    return 'done';
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
  #park(taken: StoredMessage[], reason: string): Worked {
    const { target } = taken[0]!;
    this.#services.logger.warn(`Orchestration ${target} waits. ${reason}`);
    this.slots.putBack(target, taken);
    return 'held';
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
      this.#cache.keep({ instance: result.instance, history, size });
      if (isFinal(result.instance.status)) this.#services.ended(instanceId);
    });
  }
}

function versionRule(match: VersionMatch | undefined): string {
  return match === 'Strict' ? 'only that version' : 'that version and older ones';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
