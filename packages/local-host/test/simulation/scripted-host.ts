import type { HubPolicy } from '../../src/hub/hub-policy.ts';
import type { Commit } from '../../src/store/store.ts';
import { Disk } from './disk.ts';
import { takeOverProcess } from './fake-process.ts';
import { Judge, Markers } from './judge.ts';
import type { Program, Step } from './program.ts';
import { checkQuiet } from './quiet-checker.ts';
import { SimulatedHost } from './simulated-host.ts';
import type { FlushEnd, StoreObserver } from './simulated-store.ts';
import { VirtualTime } from './virtual-time.ts';
import { World } from './world.ts';

/** A host whose every step a test calls for: for the races that the simulation has found. */
export class ScriptedHost {
  readonly disk = new Disk();
  readonly time = new VirtualTime();
  readonly judge = new Judge();
  readonly #world = new World(this.judge);
  readonly #policy: HubPolicy;
  readonly #giveBack: () => void;
  /** Stores this message twice. */
  twice: StoreObserver['storing'] = () => false;
  #host: SimulatedHost;

  constructor(policy: HubPolicy = {}) {
    this.#policy = policy;
    this.#giveBack = takeOverProcess(this.time, (reason) => this.judge.fail('host', `dies of ${String(reason)}`));
    this.#host = this.#boot();
  }

  get hub(): SimulatedHost['hub'] {
    return this.#host.hub;
  }

  /** Asks for a start; it is not written before a flush. */
  start(id: string, ...steps: Step[]): Promise<string> {
    const program: Program = { run: id, steps, rounds: 0, round: 0 };
    return this.hub.startOrchestration({ name: 'program', instanceId: id, input: JSON.stringify(program) });
  }

  async flush(end: FlushEnd = 'written', refused = 0): Promise<void> {
    await this.turn();
    this.#host.store.flush(end, refused);
    await this.turn();
  }

  /** Lets the user code end whose label begins so. */
  async end(label: string): Promise<void> {
    await this.turn();
    for (const work of this.#host.executor.works.filter((work) => work.label.startsWith(label))) work.end();
    await this.turn();
  }

  /** Lets everything happen that can without time going on. */
  async rest(): Promise<void> {
    for (await this.turn(); this.#host.store.waiting > 0 || this.#host.executor.works.length > 0; ) {
      await this.end('');
      await this.flush();
    }
  }

  async turn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  crash(): void {
    this.#host.store.kill();
    this.time.clear();
    this.#world.processEnded(this.disk);
    this.#host = this.#boot();
  }

  /** Lets timers fire, and looks whether everything that has not ended waits for something. */
  async toQuiet(): Promise<void> {
    for (await this.rest(); this.time.waiting; await this.rest()) this.time.advance();
    checkQuiet(this.disk, this.judge);
  }

  dispose(): void {
    this.#giveBack();
  }

  #boot(): SimulatedHost {
    const { disk, time, judge } = this;
    const observer: StoreObserver = {
      writing: () => {},
      tamper: (commit: Commit) => commit,
      storing: (message) => this.twice(message),
      fenced: () => judge.fail('W10', 'A process that is gone touches the disk'),
    };
    const ports = { disk, time, judge, world: this.#world, markers: new Markers(), atOnce: () => false };
    return new SimulatedHost(ports, observer, this.#policy, () => {});
  }
}
