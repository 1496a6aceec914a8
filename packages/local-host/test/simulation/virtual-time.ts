import type { Clock } from '../../src/hub/executor.ts';

interface Alarm {
  at: number;
  /** Whether `at` is on the clock on the wall, which can be set, or on the one that only counts on. */
  wall: boolean;
  call: () => void;
}

/** Time that passes only when the scheduler says so. The wall clock can be set; time-outs do not notice that. */
export class VirtualTime implements Clock {
  #elapsed = 0;
  #offset = 1_700_000_000_000;
  #alarms: Alarm[] = [];
  /** The latest time that the wall clock has ever shown. */
  latest = this.#offset;

  now(): number {
    return this.#elapsed + this.#offset;
  }

  at(time: number, call: () => void): () => void {
    return this.#arm({ at: time, wall: true, call });
  }

  timeout(ms: number, call: () => void): () => void {
    return this.#arm({ at: this.#elapsed + Math.max(0, ms), wall: false, call });
  }

  get waiting(): boolean {
    return this.#alarms.length > 0;
  }

  /** Sets the wall clock forward or back. */
  jump(ms: number): void {
    this.#offset += ms;
    this.#see();
  }

  /** Moves to the next alarm and calls what is due then. */
  advance(): void {
    const next = Math.min(...this.#alarms.map((alarm) => this.#due(alarm)));
    this.#elapsed = Math.max(this.#elapsed, next);
    this.#see();
    const due = this.#alarms.filter((alarm) => this.#due(alarm) <= this.#elapsed);
    this.#alarms = this.#alarms.filter((alarm) => !due.includes(alarm));
    for (const alarm of due) alarm.call();
  }

  /** Lets a little time pass, which calls nothing by itself. */
  pass(ms: number): void {
    this.#elapsed += ms;
    this.#see();
  }

  /** The process that set the alarms is gone. */
  clear(): void {
    this.#alarms = [];
  }

  #arm(alarm: Alarm): () => void {
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  #due(alarm: Alarm): number {
    return alarm.wall ? alarm.at - this.#offset : alarm.at;
  }

  #see(): void {
    this.latest = Math.max(this.latest, this.now());
  }
}
