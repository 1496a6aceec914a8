import type { RetryContext } from '../functions/core-types.ts';
import type { FunctionsApp } from '../functions/functions-app.ts';
import { hasTrigger, type RegisteredFunction } from '../functions/registered-function.ts';
import { formatTimeSpan } from '../functions/time-span.ts';
import type { Clock } from '../hub/executor.ts';
import { withinGrace } from '../hub/grace.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { type RetryPolicy, retryPolicyOf } from './retry-policy.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

/** Schedules whose runs are closer together than this (ms) are not watched over restarts, as on Azure. */
const shortestMonitoredMs = 60_000;

interface Timer {
  fn: RegisteredFunction;
  schedule: Schedule;
  retry: RetryPolicy | undefined;
  /** Whether missed runs are noticed after a restart. */
  monitored: boolean;
  last: number | undefined;
}

/**
 * Runs the timer functions of an app: each at its times, never twice at once, and once at the start for a missed run. A
 * failed run is run again as the function's retry policy says; as on Azure, waiting for that does not outlive the process.
 */
export class TimerRunner {
  readonly #app: Pick<FunctionsApp, 'functions' | 'invoke'>;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers = new Map<RegisteredFunction, Timer>();
  readonly #armed = new Set<() => void>();
  readonly #pauses = new Set<() => void>();
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

  /**
   * Runs a timer function now, beside its schedule and whether or not it is switched off.
   *
   * @throws ScheduleError or RetryPolicyError
   */
  runNow(fn: RegisteredFunction): void {
    this.#track(this.#run(this.#timers.get(fn) ?? this.#prepare(fn), false));
  }

  /** Starts no more runs and waits for those that go on, up to `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#armed) cancel();
    for (const end of this.#pauses) end();
    await withinGrace(Promise.allSettled([...this.#running]), graceMs);
  }

  #begin(fn: RegisteredFunction): void {
    const timer = this.#prepare(fn);
    this.#timers.set(fn, timer);
    const { schedule, last } = timer;
    const missed = last !== undefined && (schedule.next(last) ?? Number.POSITIVE_INFINITY) <= this.#clock.now();
    if (missed || fn.trigger.runOnStartup === true) this.#fire(timer, missed);
    else this.#arm(timer);
  }

  #prepare(fn: RegisteredFunction): Timer {
    const { schedule: text, useMonitor } = fn.trigger;
    const schedule = parseSchedule(String(text));
    const first = schedule.next(this.#clock.now());
    const second = first === undefined ? undefined : schedule.next(first);
    const close = first !== undefined && second !== undefined && second - first < shortestMonitoredMs;
    const monitored = useMonitor !== false && !close;
    const stored = monitored ? this.#store.mark(markOf(fn)) : undefined;
    return {
      fn,
      schedule,
      retry: retryPolicyOf(fn),
      monitored,
      last: stored === undefined ? undefined : Number(stored),
    };
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
    this.#track(this.#runAtItsTime(timer, isPastDue).finally(() => this.#arm(timer)));
  }

  #track(run: Promise<void>): void {
    const running = run.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #runAtItsTime(timer: Timer, isPastDue: boolean): Promise<void> {
    const { fn, monitored, last } = timer;
    timer.last = this.#clock.now();
    if (monitored) {
      try {
        await this.#store.commit({ marks: [{ key: markOf(fn), value: String(timer.last) }] });
      } catch (error) {
        this.#logger.error(`Timer function "${fn.name}" did not run; it runs again at its next time.`, error);
        return;
      }
    }
    await this.#run({ ...timer, last }, isPastDue);
  }

  async #run({ fn, schedule, retry, last }: Timer, isPastDue: boolean): Promise<void> {
    const input = {
      Schedule: { AdjustForDST: true },
      ScheduleStatus: { Last: iso(last), LastUpdated: iso(last), Next: iso(schedule.next(this.#clock.now())) },
      IsPastDue: isPastDue,
    };
    const trigger = { kind: 'data', data: { json: JSON.stringify(input) } } as const;
    let failure: unknown;
    for (let count = 0; ; count++) {
      const retryContext = retry && retryContextOf(retry, count, failure);
      try {
        await this.#app.invoke(fn, { trigger, ...(retryContext && { retryContext }) });
        return;
      } catch (error) {
        failure = error;
      }
      if (retry === undefined || count === retry.maxRetryCount) {
        const retries = retry ? ` after ${count} retries` : '';
        this.#logger.error(`Timer function "${fn.name}" failed${retries}; it runs again at its next time.`, failure);
        return;
      }
      const delay = retry.delayMs(count + 1);
      const which = retry.maxRetryCount < 0 ? `${count + 1}` : `${count + 1} of ${retry.maxRetryCount}`;
      this.#logger.warn(`Timer function "${fn.name}" failed; retry ${which} in ${formatTimeSpan(delay)}.`, failure);
      if (!(await this.#pause(delay))) return;
    }
  }

  /** False when the host stops meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    if (!this.#stopped) {
      await new Promise<void>((resolve) => {
        const end = () => {
          cancel();
          this.#pauses.delete(end);
          resolve();
        };
        const cancel = this.#clock.at(this.#clock.now() + ms, end);
        this.#pauses.add(end);
      });
    }
    return !this.#stopped;
  }
}

function retryContextOf({ maxRetryCount }: RetryPolicy, retryCount: number, failure: unknown): RetryContext {
  if (retryCount === 0) return { retryCount, maxRetryCount };
  const { message, stack } = failure instanceof Error ? failure : { message: String(failure), stack: undefined };
  return { retryCount, maxRetryCount, exception: { message, ...(stack !== undefined && { stackTrace: stack }) } };
}

function markOf(fn: RegisteredFunction): string {
  return `timer:${fn.name.toLowerCase()}`;
}

function iso(time: number | undefined): string {
  return time === undefined ? '0001-01-01T00:00:00' : new Date(time).toISOString();
}
