import type { FunctionsApp } from '../functions/functions-app.ts';
import { hasTrigger, type RegisteredFunction } from '../functions/registered-function.ts';
import type { Clock } from '../hub/executor.ts';
import { withinGrace } from '../hub/grace.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

/** Schedules whose runs are closer together than this (ms) are not watched over restarts, as on Azure. */
const shortestMonitoredMs = 60_000;

interface Timer {
  fn: RegisteredFunction;
  schedule: Schedule;
  /** Whether missed runs are noticed after a restart. */
  monitored: boolean;
  last: number | undefined;
}

/** Runs the timer functions of an app: each at its times, never twice at once, and once at the start for a missed run. */
export class TimerRunner {
  readonly #app: Pick<FunctionsApp, 'functions' | 'invoke'>;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #armed = new Set<() => void>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(parts: { app: Pick<FunctionsApp, 'functions' | 'invoke'>; store: Store; clock: Clock; logger: Logger }) {
    this.#app = parts.app;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** A function whose schedule cannot be read is left out and logged; the others run. */
  start(isDisabled: (fn: RegisteredFunction) => boolean): void {
    for (const fn of this.#app.functions) {
      if (!hasTrigger(fn, 'timerTrigger') || isDisabled(fn)) continue;
      try {
        this.#begin(fn);
      } catch (error) {
        this.#logger.error(
          `Timer function "${fn.name}" will not run. ${error instanceof Error ? error.message : error}`,
        );
      }
    }
  }

  /** Starts no more runs and waits for those that go on, up to `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#armed) cancel();
    await withinGrace(Promise.allSettled([...this.#running]), graceMs);
  }

  #begin(fn: RegisteredFunction): void {
    const { schedule: text, runOnStartup, useMonitor } = fn.trigger;
    const schedule = parseSchedule(String(text));
    const now = this.#clock.now();
    const first = schedule.next(now);
    const second = first === undefined ? undefined : schedule.next(first);
    const close = first !== undefined && second !== undefined && second - first < shortestMonitoredMs;
    const monitored = useMonitor !== false && !close;
    const stored = monitored ? this.#store.mark(markOf(fn)) : undefined;
    const timer: Timer = { fn, schedule, monitored, last: stored === undefined ? undefined : Number(stored) };
    const missed = timer.last !== undefined && (schedule.next(timer.last) ?? Number.POSITIVE_INFINITY) <= now;
    if (missed || runOnStartup === true) this.#fire(timer, missed);
    else this.#arm(timer);
  }

  #arm(timer: Timer): void {
    const due = timer.schedule.next(this.#clock.now());
    if (due === undefined || this.#stopped) return;
    const cancel = this.#clock.at(due, () => {
      this.#armed.delete(cancel);
      this.#fire(timer, false);
    });
    this.#armed.add(cancel);
  }

  #fire(timer: Timer, isPastDue: boolean): void {
    const running = this.#run(timer, isPastDue).finally(() => {
      this.#running.delete(running);
      this.#arm(timer);
    });
    this.#running.add(running);
  }

  async #run(timer: Timer, isPastDue: boolean): Promise<void> {
    const { fn, schedule } = timer;
    const now = this.#clock.now();
    const next = schedule.next(now);
    const input = {
      Schedule: { AdjustForDST: true },
      ScheduleStatus: { Last: iso(timer.last), LastUpdated: iso(timer.last), Next: iso(next) },
      IsPastDue: isPastDue,
    };
    timer.last = now;
    try {
      if (timer.monitored) await this.#store.commit({ marks: [{ key: markOf(fn), value: String(now) }] });
      await this.#app.invoke(fn, { trigger: { kind: 'data', data: { json: JSON.stringify(input) } } });
    } catch (error) {
      this.#logger.error(`Timer function "${fn.name}" failed; it runs again at its next time.`, error);
    }
  }
}

function markOf(fn: RegisteredFunction): string {
  return `timer:${fn.name.toLowerCase()}`;
}

function iso(time: number | undefined): string {
  return time === undefined ? '0001-01-01T00:00:00' : new Date(time).toISOString();
}
