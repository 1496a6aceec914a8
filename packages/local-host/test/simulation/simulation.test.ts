import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Commit } from '../../src/store/store.ts';
import { Markers } from './judge.ts';
import { rareStates } from './rare-states.ts';
import { traced } from './run.ts';
import type { SeedRange, SeedReport } from './seeds-worker.ts';
import { Simulation } from './simulation.ts';

/** `SIM_SEED=n` runs that seed only; `SIM_SEEDS=n` sets how many are run, `SIM_FROM=n` where they begin. */
const { SIM_SEED, SIM_SEEDS = '10000', SIM_FROM = '0' } = process.env;
const first = Number(SIM_SEED ?? SIM_FROM);
const count = SIM_SEED === undefined ? Number(SIM_SEEDS) : 1;

/** Two threads: more seeds in the same time where there are two cores, and the same seeds anywhere. */
async function runAll(): Promise<SeedReport[]> {
  const half = Math.ceil(count / 2);
  const ranges = [
    { first, count: half },
    { first: first + half, count: count - half },
  ];
  return Promise.all(
    ranges.map(async (workerData: SeedRange) => {
      const worker = new Worker(new URL('./seeds-worker.ts', import.meta.url), { workerData });
      const [report] = (await once(worker, 'message')) as [SeedReport];
      return report;
    }),
  );
}

test('whatever fails and when, the engine keeps what it promises, and every rare state is reached', async (t) => {
  const reports = await runAll();
  const counts = new Map<string, number>();
  for (const { markers } of reports) {
    for (const [name, times] of markers) counts.set(name, (counts.get(name) ?? 0) + times);
  }
  for (const [name, times] of [...counts].sort()) t.diagnostic(`${times} × ${name}`);
  const failures = reports.flatMap((report) => report.failures);
  assert.equal(failures.length, 0, failures.join('\n\n'));
  // Fewer seeds are for looking at some of them; they need not get everywhere.
  if (count >= 10_000)
    assert.deepEqual(
      rareStates.filter((name) => !counts.has(name)),
      [],
    );
});

test('the same seed makes the same run, line by line', async () => {
  for (let seed = 0; seed < 100; seed++) {
    const [one, two] = [await traced(seed, new Markers()), await traced(seed, new Markers())];
    assert.deepEqual(one, two);
  }
});

const lies: Record<string, (commit: Commit) => Commit> = {
  'forgets what was handled': (commit) => ({ ...commit, consume: (commit.consume ?? []).slice(1) }),
  'loses a message': (commit) => (commit.consume ? { ...commit, outgoing: (commit.outgoing ?? []).slice(1) } : commit),
  'delivers every entity message twice': (commit) => ({
    ...commit,
    outgoing: (commit.outgoing ?? []).flatMap((message) =>
      message.lane === 'entity' ? [message, message] : [message],
    ),
  }),
  'loses a part of the history': ({ history, ...rest }) =>
    history === undefined ? rest : { ...rest, history: { ...history, events: history.events.slice(0, 2) } },
  'keeps an old entity state': ({ entity, ...rest }) =>
    entity === undefined ? rest : { ...rest, entity: { ...entity, state: null, exists: entity.exists } },
};

for (const [lie, tamper] of Object.entries(lies)) {
  test(`the checks notice a disk that ${lie}`, async () => {
    let noticed = 0;
    for (let seed = 0; seed < 60; seed++) {
      const violation = await new Simulation(seed, { markers: new Markers(), tamper }).run();
      if (violation !== undefined) noticed++;
    }
    assert.ok(noticed > 0, 'no run noticed it');
  });
}
