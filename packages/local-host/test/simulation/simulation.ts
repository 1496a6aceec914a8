import { isFinal } from '../../src/engine/instance.ts';
import type { Commit } from '../../src/store/store.ts';
import { Client } from './client.ts';
import { Disk } from './disk.ts';
import { EntityChecker } from './entity-checker.ts';
import { takeOverProcess } from './fake-process.ts';
import { copyable } from './faults.ts';
import { Judge, type Markers, type Violation } from './judge.ts';
import { Ledger } from './ledger.ts';
import { ProgramMaker } from './program.ts';
import { checkQuiet } from './quiet-checker.ts';
import { Random } from './random.ts';
import { drawScenario, type Scenario } from './scenario.ts';
import type { Orchestrator, Work } from './simulated-executor.ts';
import { SimulatedHost } from './simulated-host.ts';
import type { FlushEnd, StoreObserver } from './simulated-store.ts';
import { StepChecker } from './step-checker.ts';
import { summary } from './summary.ts';
import { VirtualTime } from './virtual-time.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  markers: Markers;
  /** Is told of each choice and its effects. */
  trace?: (line: string) => void;
  /** Runs the programs; default the small runtime. */
  orchestrator?: Orchestrator;
  /** Resolves when the orchestrator has nothing in work. With it all user code ends by the scheduler's choice only. */
  settled?: () => Promise<void>;
  /** What is really written for a step; default: just that. */
  tamper?: (commit: Commit) => Commit;
}

/** No run comes near this many steps unless it turns in circles. */
const mostSteps = 20_000;

const day = 86_400_000;

/** One run of the hub against a disk, a clock, a client and user code that do what the seed says. */
export class Simulation {
  readonly disk = new Disk();
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #options: SimulationOptions;
  readonly #trace: (line: string) => void;
  readonly #time = new VirtualTime();
  readonly #judge = new Judge();
  readonly #world = new World(this.#judge);
  readonly #ledger = new Ledger();
  readonly #client: Client;
  readonly #programs: ProgramMaker;
  readonly #observer: StoreObserver;
  #host!: SimulatedHost;
  #steps = 0;
  #chaos = true;

  constructor(seed: number, options: SimulationOptions) {
    this.#random = new Random(seed);
    this.#scenario = drawScenario(this.#random);
    this.#options = options;
    const trace = options.trace ?? (() => {});
    this.#trace = (line) => trace(`${this.#steps} ${line}`);
    this.#programs = new ProgramMaker(
      this.#random,
      this.#scenario.sharedIds,
      this.#scenario.policy.maxEntityOperationBatchSize === 1,
    );
    const ports = {
      disk: this.disk,
      world: this.#world,
      time: this.#time,
      judge: this.#judge,
      markers: options.markers,
    };
    const { ids, mostSteps: size, faults } = this.#scenario;
    const steps = new StepChecker(ports, faults.copies > 0);
    const entities = new EntityChecker(this.disk, this.#judge, options.markers);
    this.#observer = {
      writing: (commit) => {
        this.#ledger.note(commit);
        steps.check(commit);
        entities.check(commit);
        if (options.trace) this.#trace(`  writes ${summary(commit)}`);
      },
      tamper: options.tamper ?? ((commit) => commit),
      storing: (message) => {
        if (faults.copies === 0 || !copyable(message) || !this.#random.chance(20)) return false;
        faults.copies--;
        if (message.lane === 'activity') this.#world.requestedAgain(JSON.parse(message.body));
        options.markers.sometimes('a message is stored twice');
        return true;
      },
      fenced: () => this.#judge.fail('W10', 'A process that is gone touches the disk'),
    };
    this.#client = new Client(
      { ...ports, random: this.#random, ledger: this.#ledger, programs: this.#programs, trace: this.#trace },
      ids,
      size,
    );
  }

  /** @returns what went wrong first, or undefined */
  async run(): Promise<Violation | undefined> {
    const giveBack = takeOverProcess(this.#time, (reason) => {
      const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
      this.#judge.fail('host', `The process dies of an unhandled rejection: ${text}`);
    });
    try {
      this.#boot();
      await this.#doWorst();
      await this.#comeToRest();
    } finally {
      giveBack();
    }
    return this.#judge.first;
  }

  async #doWorst(): Promise<void> {
    for (let i = 0; i < this.#scenario.bombs; i++)
      this.#client.start(this.#host.hub, `bomb${i}`, this.#programs.bomb());
    while (this.#scenario.requests > 0 && (await this.#turn())) this.#step();
  }

  /** Faults are over: everything must now come to an end, or wait for what only the client can give. */
  async #comeToRest(): Promise<void> {
    this.#chaos = false;
    while (await this.#turn()) {
      if (this.#step()) continue;
      const needs = checkQuiet(this.disk, this.#judge);
      if (needs.length === 0) {
        this.#judge.require(this.disk.messages.size === 0, 'W8', () => 'All has ended and messages are left');
        return;
      }
      const given = needs.filter(({ suspended, events }) => suspended || events.length > 0);
      this.#judge.require(given.length > 0, 'W8', () => `They wait for each other: ${JSON.stringify(needs)}`);
      for (const { id, suspended, events } of given) {
        if (suspended) this.#client.resume(this.#host.hub, id);
        else this.#client.raise(this.#host.hub, id, this.#random.pick(events));
      }
    }
  }

  /** Lets everything run that can run without a choice. @returns false when the run is over */
  async #turn(): Promise<boolean> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#options.settled !== undefined) {
      await this.#options.settled();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#judge.require(this.#steps++ < mostSteps, 'W8', () => `No rest after ${mostSteps} steps`);
    return this.#judge.first === undefined;
  }

  /** Does one thing of those that can happen now. @returns false if there is none */
  #step(): boolean {
    const host = this.#host;
    const { faults } = this.#scenario;
    const { works } = host.executor;
    const choices: [weight: number, choice: () => void][] = [];
    if (host.stopped) choices.push([8, () => this.#end('stopped')]);
    if (host.store.waiting > 0) choices.push([8, () => this.#flush()]);
    if (works.length > 0) choices.push([6, () => this.#work(this.#random.pick(works))]);
    // What takes the process down does so soon: when it has long not, the poison guard lets others run beside it.
    const armed = this.#scenario.bombs > 0 && (host.store.waiting > 0 || works.some(({ fatal }) => fatal));
    if (this.#time.waiting && !armed) choices.push([this.#chaos ? 2 : 1, () => this.#advance()]);
    if (this.#chaos) {
      if (!host.stopping) choices.push([6, () => this.#request()]);
      choices.push([1, () => this.#time.pass(this.#random.between(1, 50))]);
      if (faults.crashes > 0) choices.push([1, () => this.#crash('killed')]);
      if (faults.stops > 0 && !host.stopping) choices.push([1, () => this.#stop()]);
      if (faults.jumps > 0) choices.push([1, () => this.#jump()]);
    }
    if (choices.length === 0) return false;
    this.#random.weighted(choices)();
    return true;
  }

  #boot(): void {
    const { disk } = this;
    const { markers, orchestrator } = this.#options;
    const gated = this.#options.settled !== undefined;
    this.#host = new SimulatedHost(
      {
        disk,
        world: this.#world,
        time: this.#time,
        judge: this.#judge,
        markers,
        atOnce: () => !gated && this.#random.chance(40),
        ...(orchestrator && { orchestrator }),
      },
      this.#observer,
      this.#scenario.policy,
      (line) => {
        if (line.includes('Set aside')) markers.sometimes('work that ends the process is set aside');
        this.#trace(`  log: ${line}`);
      },
    );
  }

  #flush(): void {
    const { store } = this.#host;
    const { faults } = this.#scenario;
    const { markers } = this.#options;
    const ends: [number, FlushEnd][] = [[12, 'written']];
    if (this.#chaos && faults.crashes > 0) ends.push([1, 'lost'], [1, 'unreported']);
    if (this.#chaos && faults.full > 0) ends.push([1, 'full']);
    if (this.#chaos && faults.refused > 0) ends.push([1, 'oneRefused']);
    const end = this.#random.weighted(ends);
    this.#trace(`flush of ${store.waiting}: ${end}`);
    if (store.waiting > 1) markers.sometimes('several steps share a flush');
    if (end === 'full') faults.full--;
    if (end === 'oneRefused') faults.refused--;
    store.flush(end, this.#random.below(store.waiting));
    if (end !== 'written') markers.sometimes(`a flush ends ${end}`);
    if (end === 'lost' || end === 'unreported') this.#crash(end);
  }

  #work(work: Work): void {
    this.#trace(`ends: ${work.label}`);
    if (work.fatal) this.#crash(work.label);
    else work.end();
  }

  #advance(): void {
    this.#time.advance();
    this.#trace(`time: ${new Date(this.#time.now()).toISOString()}`);
  }

  #request(): void {
    this.#scenario.requests--;
    this.#client.act(this.#host.hub);
  }

  #jump(): void {
    this.#scenario.faults.jumps--;
    const ms = this.#random.pick([-day, -10_000, 10_000, day]);
    this.#options.markers.sometimes(ms < 0 ? 'the clock is set back' : 'the clock is set forward');
    this.#trace(`the clock is set by ${ms} ms`);
    this.#time.jump(ms);
  }

  #stop(): void {
    this.#scenario.faults.stops--;
    const graceMs = this.#random.pick([0, 1_000, day]);
    this.#trace(`stop within ${graceMs} ms`);
    this.#host.stop(graceMs);
  }

  #crash(how: string): void {
    if (this.#scenario.faults.crashes > 0) this.#scenario.faults.crashes--;
    if (this.#host.stopping) this.#options.markers.sometimes('a crash comes while the host stops');
    this.#end(how);
  }

  #end(how: string): void {
    this.#trace(`the process ends: ${how}`);
    const { store, executor } = this.#host;
    if (how !== 'stopped') store.kill();
    else {
      store.close();
      if (executor.works.length > 0) this.#options.markers.sometimes('a stop cuts work off');
    }
    const running = [...this.disk.instances.keys()].some((id) => !isFinal(this.disk.instance(id)!.status));
    if (running) this.#options.markers.sometimes('a process ends with instances running');
    this.#time.clear();
    this.#world.processEnded(this.disk);
    this.#boot();
  }
}
