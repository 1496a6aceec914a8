import type { Action, OrchestratorOutcome } from '../../src/engine/actions.ts';
import type { EntityBatchOutcome, EntityBatchRequest } from '../../src/engine/entity.ts';
import { EventType, type HistoryEvent } from '../../src/engine/history.ts';
import { type ActivityMessage, type Instance, isFinal } from '../../src/engine/instance.ts';
import { schedulingLabel } from '../../src/engine/scheduling.ts';
import type { DurableKind, Executor } from '../../src/hub/executor.ts';
import type { Disk } from './disk.ts';
import { countingEntity } from './entity-function.ts';
import type { Judge, Markers } from './judge.ts';
import { MiniRuntime } from './mini-runtime.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { World } from './world.ts';

/** User code that runs; it ends when the scheduler says so. */
export interface Work {
  label: string;
  /** The code takes the process down. */
  fatal: boolean;
  end(): void;
}

/** Runs a program's orchestrator over a history. */
export type Orchestrator = (instance: Instance, history: HistoryEvent[]) => Promise<OrchestratorOutcome>;

export interface ExecutorPorts {
  disk: Disk;
  world: World;
  time: VirtualTime;
  judge: Judge;
  markers: Markers;
  /** Whether this piece of work ends at once instead of at a moment of the scheduler's choice. */
  atOnce: () => boolean;
  /** The instance as the hub shows it. */
  shown: (instanceId: string) => Instance | undefined;
  /** Default: the small runtime. */
  orchestrator?: Orchestrator;
}

const functions: Record<DurableKind, string[]> = {
  orchestration: ['program'],
  entity: ['counter'],
  activity: ['act', 'bad', 'flaky', 'bomb'],
};

/** The app of one process: programs, their activities and their entity. */
export class SimulatedExecutor implements Executor {
  readonly works: Work[] = [];
  readonly #ports: ExecutorPorts;
  readonly #busy = new Set<string>();

  constructor(ports: ExecutorPorts) {
    this.#ports = ports;
  }

  has(kind: DurableKind, name: string): boolean {
    return functions[kind].includes(name.toLowerCase());
  }

  names(kind: DurableKind): string[] {
    return functions[kind];
  }

  runOrchestrator(instance: Instance, history: HistoryEvent[]): Promise<OrchestratorOutcome> {
    const { instanceId, executionId } = instance;
    const { disk, judge, time, orchestrator } = this.#ports;
    const stored = disk.instance(instanceId);
    judge.require(
      stored === undefined || stored.executionId !== executionId || !isFinal(stored.status),
      'W9',
      () => `The orchestrator of ${instanceId} runs, but it is ${stored!.status}`,
    );
    for (const event of history) {
      if (event.EventType !== EventType.TimerFired || event.IsPlayed) continue;
      judge.require(
        Date.parse(event.FireAt) <= time.latest,
        'W3',
        () => `Timer ${event.TimerId} of ${instanceId} fired before ${event.FireAt}`,
      );
    }
    const outcome = orchestrator === undefined ? this.#replay(instance, history) : orchestrator(instance, history);
    return this.#alone(instanceId, `orchestrator ${instanceId}`, () => outcome);
  }

  runEntity(request: EntityBatchRequest): Promise<EntityBatchOutcome> {
    const { name, key } = request.self;
    return this.#alone(`@${name}@${key}`, `entity ${key}`, async () => countingEntity(request));
  }

  runActivity(message: ActivityMessage): Promise<string> {
    const { instanceId, executionId, taskId, name } = message;
    const { world, judge, shown } = this.#ports;
    const current = shown(instanceId);
    judge.require(
      current !== undefined && current.executionId === executionId && !isFinal(current.status),
      'W9',
      () => `Activity '${name}' (step ${taskId}) starts for ${instanceId}, which is ${current?.status ?? 'gone'}`,
    );
    world.started(message);
    const label = `activity '${name}' (step ${taskId}) of ${instanceId}`;
    return this.#work(label, name === 'bomb', async () => this.#activity(message));
  }

  #activity(message: ActivityMessage): string {
    const { id, failures = 0 } = JSON.parse(message.input!) as { id: string; failures?: number };
    if (message.name === 'bad') throw new Error('always fails');
    if (message.name === 'flaky' && this.#ports.world.attemptsBefore(id, message) < failures) {
      throw new Error('fails at first');
    }
    return JSON.stringify(id);
  }

  async #replay(instance: Instance, history: HistoryEvent[]): Promise<OrchestratorOutcome> {
    const { judge, markers } = this.#ports;
    const runtime = new MiniRuntime(instance);
    const outcome = runtime.play(history);
    if (runtime.hadEarlyEvent) markers.sometimes('an event comes before it is waited for');
    // W2, with a second replay up to what was played before: its actions must be how this one's begin.
    const played = history.findLastIndex((event) => event.IsPlayed) + 1;
    if (played > 0) {
      const before = new MiniRuntime(instance).play(history.slice(0, played)).actions;
      judge.require(
        labels(before) === labels(outcome.actions.slice(0, before.length)),
        'W2',
        () => `The replay of ${instance.instanceId} went ${labels(outcome.actions)}; before it went ${labels(before)}`,
      );
    }
    return outcome;
  }

  async #alone<T>(id: string, label: string, run: () => Promise<T>): Promise<T> {
    this.#ports.judge.require(!this.#busy.has(id), 'W10', () => `${label} runs twice at a time`);
    this.#busy.add(id);
    try {
      return await this.#work(label, false, run);
    } finally {
      this.#busy.delete(id);
    }
  }

  #work<T>(label: string, fatal: boolean, run: () => Promise<T>): Promise<T> {
    if (!fatal && this.#ports.atOnce()) return run();
    return new Promise((resolve, reject) => {
      const work: Work = {
        label,
        fatal,
        end: () => {
          this.works.splice(this.works.indexOf(work), 1);
          run().then(resolve, reject);
        },
      };
      this.works.push(work);
    });
  }
}

function labels(actions: readonly Action[]): string {
  return actions.map(schedulingLabel).join(', ');
}
