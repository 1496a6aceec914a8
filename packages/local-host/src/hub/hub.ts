import { randomUUID } from 'node:crypto';
import type { Entity } from '../engine/entity.ts';
import { type EntityId, formatEntityId } from '../engine/entity-id.ts';
import { arrival, EventType, type ExecutionStarted, type HistoryEvent } from '../engine/history.ts';
import { type Instance, isFinal } from '../engine/instance.ts';
import { entityMessage, instanceMessage, rewindMessage } from '../engine/messages.ts';
import type { EntityMessage } from '../engine/scheduling.ts';
import type { Logger } from '../log.ts';
import type { Commit, InstanceQuery, Store, StoredMessage } from '../store/store.ts';
import { ActivityLane } from './activity-lane.ts';
import { DueQueue } from './due-queue.ts';
import { EndWatch } from './end-watch.ts';
import { EntityLane } from './entity-lane.ts';
import { type Clock, type Executor, systemClock, unknownFunctionText } from './executor.ts';
import { withinGrace } from './grace.ts';
import { HubError } from './hub-error.ts';
import type { HubPolicy } from './hub-policy.ts';
import { newInstance } from './inbox.ts';
import type { LaneServices } from './lane-services.ts';
import { OrchestrationLane } from './orchestration-lane.ts';
import { PoisonGuard } from './poison-guard.ts';

export interface HubOptions {
  store: Store;
  executor: Executor;
  logger: Logger;
  clock?: Clock;
  policy?: HubPolicy;
}

const retryPauseMs = 1_000;

const cleanStop = 'cleanStop';

/** One task hub: accepts messages, runs what they are for, and stores each step before anybody hears of it. */
export class Hub {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #executor: Executor;
  readonly #logger: Logger;
  readonly #policy: HubPolicy;
  readonly #guard: PoisonGuard;
  readonly #orchestrations: OrchestrationLane;
  readonly #entities: EntityLane;
  readonly #activities: ActivityLane;
  readonly #due: DueQueue;
  readonly #ends = new EndWatch();
  #stopping = false;

  constructor(options: HubOptions) {
    this.#store = options.store;
    this.#clock = options.clock ?? systemClock;
    this.#executor = options.executor;
    this.#logger = options.logger;
    this.#policy = options.policy ?? {};
    this.#guard = new PoisonGuard(options.store, options.logger, this.#clock);
    const services: LaneServices = {
      store: options.store,
      executor: options.executor,
      clock: this.#clock,
      logger: options.logger,
      policy: this.#policy,
      commit: (commit, whenStored) => this.#commit(commit, whenStored),
      ended: (id) => this.#ends.ended(id),
      handOver: (result) => this.#orchestrations.accept(result),
      isRunning: (id, executionId) => {
        const instance = this.instance(id);
        return instance !== undefined && instance.executionId === executionId && !isFinal(instance.status);
      },
      guard: (messages, run) => this.#guard.run(messages, run),
      stepFailed: (what, reason, retry) => {
        // While stopping, steps that are cut off are expected; the next start runs them.
        if (this.#stopping) return;
        this.#logger.error(`${what}: the step could not be written and will be tried again. ${reason}`);
        setTimeout(retry, retryPauseMs).unref();
      },
      setAside: (what, error) => {
        this.#logger.error(`${what} is left as it is, with its messages: what is stored of it is damaged.`, error);
        return false;
      },
    };
    this.#orchestrations = new OrchestrationLane(services);
    this.#entities = new EntityLane(services);
    this.#activities = new ActivityLane(services);
    this.#due = new DueQueue(
      this.#clock,
      (message) => this.#hand(message),
      (id) => this.#bodyOf(id),
    );
  }

  /** Takes up everything an earlier process left. */
  start(): void {
    // What a clean stop cut off has done nothing wrong.
    const counted = this.#store.mark(cleanStop) !== 'yes';
    for (const lane of ['orchestration', 'entity', 'activity'] as const) {
      for (const { attempts = 0, ...message } of this.#store.messages(lane)) {
        this.#deliver(counted ? { ...message, attempts } : message);
      }
    }
    void this.#store.commit({ marks: [{ key: cleanStop, value: 'no' }] }).catch((error: unknown) => {
      this.#logger.error('The start could not be recorded.', error);
    });
  }

  /**
   * The end of the process is wanted from here on: work that it cuts off has done nothing wrong. Call it before
   * anything that takes time, so that an impatient second signal does not look like a crash.
   */
  async announceStop(): Promise<void> {
    try {
      await this.#store.commit({ marks: [{ key: cleanStop, value: 'yes' }] });
    } catch (error) {
      // Without the mark the next start counts what was cut off as if it had ended the process.
      this.#logger.warn('The stop could not be recorded.', error);
    }
  }

  /** Starts no new work and waits for what runs; what is cut off by `graceMs` runs again after the next start. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#due.stop();
    const idle = Promise.all([this.#orchestrations.stop(), this.#entities.slots.stop(), this.#activities.stop()]);
    await withinGrace(idle, graceMs);
    await this.announceStop();
  }

  /**
   * @param request `input` is JSON text
   * @returns the instance id; the start is on disk
   * @throws HubError `unknownFunction`, `instanceExists`
   */
  async startOrchestration(request: {
    name: string;
    instanceId?: string;
    input: string | null;
    version?: string;
  }): Promise<string> {
    if (!this.#executor.has('orchestration', request.name)) {
      throw new HubError('unknownFunction', unknownFunctionText(this.#executor, 'orchestration', request.name));
    }
    const instanceId = request.instanceId || randomUUID().replaceAll('-', '');
    return this.#orchestrations.slots.exclusive(instanceId, () => this.#startAlone(instanceId, request));
  }

  /** While no worker is on the instance: what is asked here is still so when it is written. */
  async #startAlone(
    instanceId: string,
    request: { name: string; input: string | null; version?: string },
  ): Promise<string> {
    const existing = this.instance(instanceId);
    const running = existing !== undefined && !isFinal(existing.status);
    if (running && this.#policy.overridable !== 'AnyState') {
      throw new HubError('instanceExists', `An orchestration instance with the id '${instanceId}' already exists.`);
    }
    const now = this.#clock.now();
    const event: ExecutionStarted = {
      EventType: EventType.ExecutionStarted,
      ...arrival(new Date(now)),
      Name: request.name,
      Version: request.version ?? this.#policy.versions?.current ?? '',
      Input: request.input,
      OrchestrationInstance: { InstanceId: instanceId, ExecutionId: randomUUID().replaceAll('-', '') },
    };
    const { ExecutionId } = event.OrchestrationInstance;
    if (running) {
      // The one that runs may be in the middle of a step: its own lane puts the new one in its place.
      await this.#commit({ outgoing: [instanceMessage(instanceId, event, ExecutionId, true)] });
      return instanceId;
    }
    await this.#commit(
      {
        instance: newInstance(instanceId, event, now),
        history: { instanceId, replace: true, from: 0, events: [] },
        outgoing: [instanceMessage(instanceId, event, ExecutionId)],
      },
      () => this.#orchestrations.forget(instanceId),
    );
    return instanceId;
  }

  /**
   * Starts an instance again with the same name, version and input.
   *
   * @returns the id of the new run @throws HubError `instanceNotFound`, `instanceExists` (same id, still running)
   */
  restart(instanceId: string, withNewId: boolean): Promise<string> {
    const instance = this.instance(instanceId);
    if (instance === undefined) throw new HubError('instanceNotFound', `No instance with ID '${instanceId}' found.`);
    const { name, input, version } = instance;
    return this.startOrchestration({ name, input, version, ...(!withNewId && { instanceId }) });
  }

  /** @param input JSON text @throws HubError `instanceNotFound`, `instanceEnded` */
  raiseEvent(instanceId: string, name: string, input: string): Promise<void> {
    return this.#send(instanceId, { EventType: EventType.EventRaised, Name: name, Input: input });
  }

  terminate(instanceId: string, reason: string): Promise<void> {
    return this.#send(instanceId, { EventType: EventType.ExecutionTerminated, Input: JSON.stringify(reason) });
  }

  suspend(instanceId: string, reason: string): Promise<void> {
    return this.#send(instanceId, { EventType: EventType.ExecutionSuspended, Reason: reason });
  }

  resume(instanceId: string, reason: string): Promise<void> {
    return this.#send(instanceId, { EventType: EventType.ExecutionResumed, Reason: reason });
  }

  /**
   * Lets a failed instance go on: what made it fail runs again, what had succeeded does not.
   *
   * @throws HubError `instanceNotFound`, `instanceNotFailed`
   */
  async rewind(instanceId: string, reason: string): Promise<void> {
    const instance = this.instance(instanceId);
    if (instance === undefined) throw new HubError('instanceNotFound', `No instance with ID '${instanceId}' found.`);
    if (instance.status !== 'Failed') {
      throw new HubError(
        'instanceNotFailed',
        `Only a failed instance can be rewound; '${instanceId}' is ${instance.status}.`,
      );
    }
    await this.#commit({ outgoing: [rewindMessage(instanceId, instance.executionId, reason, this.#clock.now())] });
  }

  async #send(
    instanceId: string,
    part:
      | { EventType: 15; Name: string; Input: string }
      | { EventType: 3; Input: string }
      | { EventType: 19 | 20; Reason: string },
  ): Promise<void> {
    const instance = this.instance(instanceId);
    if (instance === undefined) throw new HubError('instanceNotFound', `No instance with ID '${instanceId}' found.`);
    if (isFinal(instance.status)) {
      throw new HubError('instanceEnded', `Instance '${instanceId}' has ended (${instance.status}).`);
    }
    const event = { ...arrival(new Date(this.#clock.now())), ...part } as HistoryEvent;
    await this.#commit({ outgoing: [instanceMessage(instanceId, event, null)] });
  }

  /**
   * @param input JSON text, or undefined for none
   * @returns when the signal is on disk
   * @throws HubError `unknownFunction`
   */
  async signalEntity(id: EntityId, operation: string, input: string | undefined): Promise<void> {
    if (!this.#executor.has('entity', id.name)) {
      throw new HubError('unknownFunction', unknownFunctionText(this.#executor, 'entity', id.name));
    }
    const message: EntityMessage = { op: operation, id: randomUUID(), signal: true };
    if (input !== undefined) message.input = input;
    const target = formatEntityId(id);
    await this.#commit({ outgoing: [entityMessage(target, message)] });
  }

  entity(id: EntityId): Entity | undefined {
    return this.#entities.entity(formatEntityId(id));
  }

  entities(query: { name?: string; after?: string; limit: number }): Entity[] {
    return this.#store.entities(query);
  }

  instance(instanceId: string): Instance | undefined {
    return this.#orchestrations.instance(instanceId);
  }

  /** Waits for the end of an instance. @param timeoutMs milliseconds @returns false if it takes longer */
  async ends(instanceId: string, timeoutMs: number): Promise<boolean> {
    const instance = this.instance(instanceId);
    if (instance !== undefined && isFinal(instance.status)) return true;
    return timeoutMs > 0 && (await this.#ends.wait(instanceId, timeoutMs));
  }

  instances(query: InstanceQuery): Instance[] {
    return this.#store.instances(query);
  }

  /** Events as stored (JSON text each). */
  history(instanceId: string): string[] {
    return this.#store.history(instanceId);
  }

  /** Deletes an ended instance. @returns false if there is none */
  purge(instanceId: string): Promise<boolean> {
    return this.#orchestrations.slots.exclusive(instanceId, async () => {
      const instance = this.instance(instanceId);
      if (instance === undefined || !isFinal(instance.status)) return false;
      await this.#commit({ purge: [instanceId] }, () => this.#orchestrations.forget(instanceId));
      return true;
    });
  }

  async #commit(commit: Commit, whenStored?: () => void): Promise<void> {
    const messages = await this.#store.commit(commit);
    whenStored?.();
    for (const { target, tag } of commit.withdraw ?? []) this.#due.withdraw(target, tag);
    for (const message of messages) this.#deliver(message);
  }

  #deliver(message: StoredMessage): void {
    if (this.#stopping) return;
    if (message.due > this.#clock.now()) this.#due.add(message);
    else this.#hand(message);
  }

  #bodyOf(id: number): string | undefined {
    try {
      return this.#store.messageBody(id);
    } catch (error) {
      // It stays stored; the next start refuses to go on with it, by name.
      this.#logger.error(`Message ${id} was due and cannot be read.`, error);
      return undefined;
    }
  }

  #hand(message: StoredMessage): void {
    switch (message.lane) {
      case 'orchestration':
        this.#orchestrations.slots.add(message);
        return;
      case 'entity':
        this.#entities.slots.add(message);
        return;
      case 'activity':
        this.#activities.add(message);
        return;
    }
  }
}
