import { isFinal } from '../../src/engine/instance.ts';
import type { Hub } from '../../src/hub/hub.ts';
import { HubError } from '../../src/hub/hub-error.ts';
import type { Disk } from './disk.ts';
import type { Judge, Markers } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { entityKeys, eventNames, type Program, type ProgramMaker } from './program.ts';
import type { Random } from './random.ts';

export interface ClientPorts {
  random: Random;
  disk: Disk;
  ledger: Ledger;
  judge: Judge;
  markers: Markers;
  programs: ProgramMaker;
  trace: (line: string) => void;
}

/**
 * Somebody outside, who asks for things and keeps what was promised: whatever was acknowledged must be on the disk
 * at that moment. A crash takes neither this log nor what it asserts.
 */
export class Client {
  readonly #ports: ClientPorts;
  readonly #ids: readonly string[];
  readonly #mostSteps: number;
  readonly #acknowledged = new Map<string, number>();
  #tokens = 0;

  /** @param ids what it calls its instances; few, so that requests meet */
  constructor(ports: ClientPorts, ids: readonly string[], mostSteps: number) {
    this.#ports = ports;
    this.#ids = ids;
    this.#mostSteps = mostSteps;
  }

  /** Asks for something, now and then for two things at the same instant. */
  act(hub: Hub): void {
    const { random } = this.#ports;
    const id = random.pick(this.#ids);
    this.#ask(hub, id);
    if (random.chance(25)) this.#ask(hub, id);
  }

  start(hub: Hub, id: string, program: Program): void {
    const request = hub.startOrchestration({ name: 'program', instanceId: id, input: JSON.stringify(program) });
    this.#started(`start ${id} ${program.run}`, id, request);
  }

  raise(hub: Hub, id: string, name: string): void {
    const token = this.#token(`${name}:`);
    this.#follow(`raise ${token} to ${id}`, hub.raiseEvent(id, name, JSON.stringify(token)), () => this.#kept(token));
  }

  resume(hub: Hub, id: string): void {
    const token = this.#token('resume ');
    this.#follow(`${token} of ${id}`, hub.resume(id, token), () => this.#kept(token));
  }

  #ask(hub: Hub, id: string): void {
    const { random, programs } = this.#ports;
    random.weighted<() => void>([
      [8, () => this.start(hub, id, programs.program(this.#mostSteps))],
      [8, () => this.raise(hub, id, random.pick(eventNames))],
      [3, () => this.#signal(hub)],
      [2, () => this.#terminate(hub, id)],
      [2, () => this.#suspend(hub, id)],
      [2, () => this.resume(hub, id)],
      [2, () => this.#restart(hub, id, random.chance(30))],
      [2, () => this.#purge(hub, id)],
    ])();
  }

  #signal(hub: Hub): void {
    const token = this.#token('signal ');
    const key = this.#ports.random.pick(entityKeys);
    const request = hub.signalEntity({ name: 'Counter', key }, 'add', JSON.stringify({ id: token, n: 1 }));
    this.#follow(`${token} to ${key}`, request, () => this.#kept(token));
  }

  #terminate(hub: Hub, id: string): void {
    const token = this.#token('terminate ');
    this.#follow(`${token} of ${id}`, hub.terminate(id, token), () => this.#kept(token));
  }

  #suspend(hub: Hub, id: string): void {
    const token = this.#token('suspend ');
    this.#follow(`${token} of ${id}`, hub.suspend(id, token), () => this.#kept(token));
  }

  #restart(hub: Hub, id: string, withNewId: boolean): void {
    if (hub.instance(id) === undefined) return;
    if (!withNewId) this.#started(`restart ${id}`, id, hub.restart(id, false));
    else this.#follow(`restart ${id} anew`, hub.restart(id, true), (to) => this.#written(to));
  }

  #purge(hub: Hub, id: string): void {
    this.#follow(`purge ${id}`, hub.purge(id), (done) => {
      if (done) this.#kept(`purge ${id}`);
    });
  }

  #started(what: string, id: string, request: Promise<string>): void {
    const { disk, markers } = this.#ports;
    const before = disk.instance(id);
    request.catch((error: unknown) => {
      if (!(error instanceof HubError) || error.code !== 'instanceExists') return;
      const running = before !== undefined && !isFinal(before.status);
      markers.sometimes(running ? 'a start of a running id is refused' : 'one of two starts at an instant is refused');
    });
    this.#follow(what, request, () => this.#written(id));
  }

  /** H1 for starts, by counting: each acknowledged start of an id is a start that was written. */
  #written(id: string): void {
    const count = (this.#acknowledged.get(id) ?? 0) + 1;
    this.#acknowledged.set(id, count);
    const { judge, ledger } = this.#ports;
    judge.require(count <= ledger.starts(id), 'H1', () => `The start of ${id} is acknowledged and not on disk`);
  }

  #kept(token: string): void {
    const { judge, ledger } = this.#ports;
    judge.require(ledger.has(token), 'H1', () => `'${token}' is acknowledged and not on disk`);
  }

  #follow<T>(what: string, request: Promise<T>, acknowledged: (value: T) => void): void {
    const { trace, markers } = this.#ports;
    trace(`client: ${what}`);
    request.then(
      (value) => {
        trace(`acknowledged: ${what}`);
        acknowledged(value);
      },
      (error: unknown) => {
        trace(`refused: ${what}: ${(error as Error).message}`);
        if (!(error instanceof HubError)) markers.sometimes('a request fails with the disk');
      },
    );
  }

  #token(kind: string): string {
    return `${kind}${this.#tokens++}`;
  }
}
