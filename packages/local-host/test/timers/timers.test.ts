import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InvokeRequest, InvokeResult } from '../../src/functions/binding-input.ts';
import type { RegisteredFunction } from '../../src/functions/registered-function.ts';
import { silentLogger } from '../../src/log.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { parseSchedule } from '../../src/timers/schedule.ts';
import { TimerRunner } from '../../src/timers/timer-runner.ts';
import { testApp } from '../hub/harness.ts';
import { ManualClock } from '../hub/manual-clock.ts';

const at = (text: string) => Date.parse(text);
const next = (schedule: string, after: string) => new Date(parseSchedule(schedule, {}).next(at(after))!).toISOString();

test('schedules are read as NCRONTAB, with seconds first', () => {
  const cases: [schedule: string, after: string, expected: string][] = [
    ['0 */5 * * * *', '2026-03-01T10:02:00Z', '2026-03-01T10:05:00.000Z'],
    ['*/10 * * * * *', '2026-03-01T10:00:05Z', '2026-03-01T10:00:10.000Z'],
    ['0 0 9-17 * * *', '2026-03-01T17:00:00Z', '2026-03-02T09:00:00.000Z'],
    ['0 30 9 * * 1-5', '2026-03-06T10:00:00Z', '2026-03-09T09:30:00.000Z'],
    ['0 30 9 * Jan Mon', '2026-01-06T00:00:00Z', '2026-01-12T09:30:00.000Z'],
    ['0 0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-02-13T00:00:00.000Z'],
    ['0 0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['*/15 * * * *', '2026-03-01T10:02:00Z', '2026-03-01T10:15:00.000Z'],
    ['00:30:00', '2026-03-01T10:02:00Z', '2026-03-01T10:32:00.000Z'],
    ['1.00:00:00', '2026-03-01T10:02:00Z', '2026-03-02T10:02:00.000Z'],
  ];
  for (const [schedule, after, expected] of cases) assert.equal(next(schedule, after), expected, schedule);
});

test('a schedule may come from a setting, and one that cannot be read says what to do', () => {
  assert.equal(parseSchedule('%EVERY%', { EVERY: '00:00:10' }).next(0), 10_000);
  for (const bad of ['%EVERY%', 'often', '0 0 0 0 0 0 0', '00:00:00', '']) {
    assert.throws(() => parseSchedule(bad, {}), { code: 'invalidSchedule', message: /six fields/ }, bad);
  }
});

class Fixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'timers-'));
  readonly store = SqliteStore.open(this.folder);
  readonly clock = new ManualClock(at('2026-03-01T10:00:30Z'));
  readonly runs: { name: string; at: string; isPastDue: boolean }[] = [];
  release: (() => void) | undefined;
  hold = false;

  async runner(trigger: object): Promise<TimerRunner> {
    const fn = {
      name: 'Tick',
      trigger: { type: 'timerTrigger', name: 't', ...trigger },
      bindings: {},
    } as unknown as RegisteredFunction;
    const invoke = async (_: RegisteredFunction, { trigger: input }: InvokeRequest): Promise<InvokeResult> => {
      assert.ok(input.kind === 'data');
      const { IsPastDue } = JSON.parse(input.data.json!) as { IsPastDue: boolean };
      this.runs.push({ name: 'Tick', at: new Date(this.clock.now()).toISOString(), isPastDue: IsPastDue });
      if (this.hold) await new Promise<void>((resolve) => (this.release = resolve));
      return {} as InvokeResult;
    };
    const runner = new TimerRunner({
      app: { functions: [fn], invoke },
      store: this.store,
      clock: this.clock,
      logger: silentLogger,
    });
    runner.start(() => false);
    await settle();
    return runner;
  }

  /** Moves on in steps, letting each run end. */
  async pass(to: string, stepMs = 10_000): Promise<void> {
    for (let time = this.clock.now() + stepMs; time <= at(to); time += stepMs) {
      this.clock.move(time);
      await settle();
    }
  }

  dispose(): void {
    this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Lets promises and the store's write go through. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a timer runs at its times and not at the start', async (t) => {
  const fixture = new Fixture();
  t.after(() => fixture.dispose());
  const runner = await fixture.runner({ schedule: '0 * * * * *' });
  assert.equal(fixture.runs.length, 0);
  await fixture.pass('2026-03-01T10:03:30Z');
  assert.deepEqual(
    fixture.runs.map((run) => run.at),
    ['2026-03-01T10:01:00.000Z', '2026-03-01T10:02:00.000Z', '2026-03-01T10:03:00.000Z'],
  );
  await runner.stop(0);
  await fixture.pass('2026-03-01T10:05:30Z');
  assert.equal(fixture.runs.length, 3);
});

test('runOnStartup runs once at the start', async (t) => {
  const fixture = new Fixture();
  t.after(() => fixture.dispose());
  await fixture.runner({ schedule: '0 0 * * * *', runOnStartup: true });
  assert.deepEqual(fixture.runs, [{ name: 'Tick', at: '2026-03-01T10:00:30.000Z', isPastDue: false }]);
});

test('a run that was missed while the host was down comes once at the next start, marked as past due', async (t) => {
  const fixture = new Fixture();
  t.after(() => fixture.dispose());
  const first = await fixture.runner({ schedule: '0 0 * * * *' });
  await fixture.pass('2026-03-01T11:00:30Z');
  await first.stop(0);
  fixture.clock.move(at('2026-03-01T14:30:00Z'));
  await fixture.runner({ schedule: '0 0 * * * *' });
  assert.deepEqual(
    fixture.runs.map(({ at: time, isPastDue }) => [time, isPastDue]),
    [
      ['2026-03-01T11:00:00.000Z', false],
      ['2026-03-01T14:30:00.000Z', true],
    ],
  );
});

test('without the monitor a missed run stays missed', async (t) => {
  const fixture = new Fixture();
  t.after(() => fixture.dispose());
  const first = await fixture.runner({ schedule: '0 0 * * * *', useMonitor: false });
  await fixture.pass('2026-03-01T11:00:30Z');
  await first.stop(0);
  fixture.clock.move(at('2026-03-01T14:30:00Z'));
  await fixture.runner({ schedule: '0 0 * * * *', useMonitor: false });
  assert.equal(fixture.runs.length, 1);
});

test('a run that takes longer than the pause does not overlap with the next', async (t) => {
  const fixture = new Fixture();
  t.after(() => fixture.dispose());
  fixture.hold = true;
  await fixture.runner({ schedule: '*/10 * * * * *' });
  await fixture.pass('2026-03-01T10:02:00Z');
  assert.equal(fixture.runs.length, 1);
  fixture.hold = false;
  fixture.release?.();
  await settle();
  await fixture.pass('2026-03-01T10:02:30Z');
  assert.equal(fixture.runs.length, 4);
});

test("the app's own handler gets the schedule in the library's spelling", async (t) => {
  const fixture = new Fixture();
  t.after(() => fixture.dispose());
  const app = await testApp();
  const runner = new TimerRunner({ app, store: fixture.store, clock: fixture.clock, logger: silentLogger });
  runner.start(() => false);
  await runner.stop(5_000);
  assert.deepEqual((globalThis as { ticks?: unknown }).ticks, [
    {
      schedule: { adjustForDST: true },
      scheduleStatus: {
        last: '0001-01-01T00:00:00',
        lastUpdated: '0001-01-01T00:00:00',
        next: '2027-01-01T00:00:00.000Z',
      },
      isPastDue: false,
    },
  ]);
});
