import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadApp } from '../../src/functions/app-loader.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { TimerRunner } from '../../src/timers/timer-runner.ts';
import { createAppFolder } from '../functions/fixtures/app-folder.ts';
import { eventually } from '../functions/fixtures/eventually.ts';
import { recordingLogger } from '../functions/fixtures/recording-logger.ts';
import { ManualClock } from '../hub/manual-clock.ts';

const APP = `
const { app } = require('@azure/functions');
const runs = (globalThis.runs = []);
const failing = (times) => (timer, context) => {
  const earlier = runs.filter(({ name }) => name === context.functionName).length;
  const { retryContext } = context;
  runs.push({ name: context.functionName, retry: retryContext, past: timer.isPastDue, id: context.invocationId });
  if (earlier < times) throw new Error('failure ' + (earlier + 1));
};
const schedule = '0 0 * * * *';
const fixed = (maxRetryCount) => ({ strategy: 'fixedDelay', maxRetryCount, delayInterval: { seconds: 10 } });
app.timer('recovers', { schedule, retry: fixed(4), handler: failing(2) });
app.timer('givesUp', { schedule, retry: fixed(2), handler: failing(99) });
app.timer('forEver', { schedule, retry: fixed(-1), handler: failing(20) });
app.timer('plain', { schedule, handler: failing(99) });
app.timer('broken', { schedule, retry: { strategy: 'sometimes', maxRetryCount: 1 }, handler: failing(0) });
`;

interface Run {
  readonly name: string;
  readonly retry?: { retryCount: number; maxRetryCount: number; exception?: { message: string; stackTrace: string } };
  readonly past: boolean;
  readonly id: string;
}

const app = await loadApp({
  appDirectory: createAppFolder({ 'package.json': { main: 'app.js' }, 'app.js': APP }),
});
const { runs } = globalThis as unknown as { runs: Run[] };

function begin(t: TestContext, name: string) {
  const folder = mkdtempSync(join(tmpdir(), 'timer-retry-'));
  const store = SqliteStore.open(folder);
  t.after(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const clock = new ManualClock(Date.parse('2026-03-01T10:00:00Z'));
  const { logger, text } = recordingLogger();
  const runner = new TimerRunner({ app, store, clock, logger });
  runner.start((fn) => fn.name !== name);
  t.after(() => runner.stop(0));
  const own = () => runs.filter((run) => run.name === name);
  /** Goes to the next time something is due and waits until it has been done. */
  const step = async (what: string, isDone: () => boolean) => {
    clock.move(clock.next ?? assert.fail(`nothing is due before ${what}`));
    await eventually(what, () => (isDone() ? true : undefined));
  };
  return { clock, runner, text, own, step };
}

const minute = (clock: ManualClock) => new Date(clock.now()).toISOString().slice(11, 19);

test('a failed run is run again after the delay, and told how often it was and what went wrong', async (t) => {
  const { clock, text, own, step } = begin(t, 'recovers');
  await step('the first run', () => text().includes('retry 1 of 4 in 00:00:10'));
  assert.equal(minute(clock), '11:00:00');
  await step('the first retry', () => text().includes('retry 2 of 4 in 00:00:10'));
  assert.equal(minute(clock), '11:00:10');
  await step('the second retry', () => own().length === 3);
  assert.equal(minute(clock), '11:00:20');
  await eventually('the next occurrence to be armed', () => clock.next);
  assert.equal(new Date(clock.next ?? 0).toISOString(), '2026-03-01T12:00:00.000Z');
  const [first, second, third] = own();
  assert.deepEqual(first?.retry, { retryCount: 0, maxRetryCount: 4 });
  assert.deepEqual([second?.retry?.retryCount, second?.retry?.exception?.message], [1, 'failure 1']);
  assert.match(second?.retry?.exception?.stackTrace ?? '', /failing|app\.js/);
  assert.deepEqual([third?.retry?.retryCount, third?.retry?.exception?.message], [2, 'failure 2']);
  assert.equal(new Set(own().map(({ id }) => id)).size, 3);
});

test('after the last retry the run has failed, and the next one begins anew', async (t) => {
  const { clock, text, own, step } = begin(t, 'givesUp');
  for (const wanted of [1, 2]) {
    await step(`retry ${wanted}`, () => text().includes(`retry ${wanted} of 2`));
  }
  await step('the end', () => text().includes('"givesUp" failed after 2 retries; it runs again at its next time'));
  await eventually('the next occurrence to be armed', () => clock.next);
  await step('the next run', () => own().length === 4);
  assert.equal(minute(clock), '12:00:00');
  assert.deepEqual(own()[3]?.retry, { retryCount: 0, maxRetryCount: 2 });
});

test('-1 retries until it works', async (t) => {
  const { clock, own, step } = begin(t, 'forEver');
  for (let count = 1; count <= 21; count++) {
    await step(`run ${count}`, () => own().length === count);
    await eventually('the next time to be armed', () => clock.next);
  }
  assert.equal(own()[20]?.retry?.retryCount, 20);
});

test('without a policy a failed run is not repeated and has no retry context', async (t) => {
  const { clock, text, own, step } = begin(t, 'plain');
  await step('the run', () => text().includes('"plain" failed; it runs again at its next time'));
  await eventually('the next occurrence to be armed', () => clock.next);
  assert.equal(new Date(clock.next ?? 0).toISOString(), '2026-03-01T12:00:00.000Z');
  assert.equal(own()[0]?.retry, undefined);
});

test('a stop ends the wait for a retry', async (t) => {
  const { clock, runner, text, own, step } = begin(t, 'givesUp');
  const before = own().length;
  await step('the first run', () => text().includes('retry 1 of 2'));
  await runner.stop(60_000);
  assert.equal(clock.next, undefined);
  assert.equal(own().length, before + 1);
});

test('a policy that cannot be followed keeps only its own function from running, and is logged', (t) => {
  const { clock, text } = begin(t, 'broken');
  assert.match(text(), /Timer function "broken" will not run\. Its retry\.strategy is "sometimes"/);
  assert.equal(clock.next, undefined);
});
