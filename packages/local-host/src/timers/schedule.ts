import { Cron } from 'croner';
import { HostError } from '../functions/host-error.ts';
import { parseTimeSpan } from '../functions/time-span.ts';

/** When a timer function runs. */
export interface Schedule {
  /** The first occurrence after a time (epoch ms); undefined if there is none any more. */
  next(after: number): number | undefined;
}

/** A timer function's schedule cannot be used. */
export class ScheduleError extends HostError {
  override readonly name: string = 'ScheduleError';

  constructor(problem: string, options?: ErrorOptions) {
    const fix =
      'Use six fields ({second} {minute} {hour} {day} {month} {day of week}), a time span (hh:mm:ss), or %SETTING%.';
    super('invalidSchedule', problem, fix, options);
  }
}

/**
 * Reads a schedule as the Functions host does: NCRONTAB of six fields (or five, without seconds), or a time span between
 * runs; `%NAME%` takes it from a setting. Times are UTC unless `WEBSITE_TIME_ZONE` names an IANA zone.
 *
 * @throws ScheduleError
 */
export function parseSchedule(text: string, environment: Record<string, string | undefined> = process.env): Schedule {
  const setting = /^%(.+)%$/.exec(text)?.[1];
  const expression = setting === undefined ? text : environment[setting];
  if (expression === undefined || expression.trim() === '')
    throw new ScheduleError(`The setting ${setting ?? ''} is missing.`);
  const span = parseTimeSpan(expression);
  if (span !== undefined) {
    if (span < 1_000) throw new ScheduleError(`The time span "${expression}" is shorter than a second.`);
    return { next: (after) => after + span };
  }
  try {
    const cron = new Cron(expression, {
      paused: true,
      mode: '5-or-6-parts',
      // A day has to fit both fields, where both are given.
      domAndDow: true,
      timezone: environment.WEBSITE_TIME_ZONE || 'UTC',
    });
    return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
  } catch (cause) {
    throw new ScheduleError(`"${expression}" is not a schedule.`, { cause });
  }
}
