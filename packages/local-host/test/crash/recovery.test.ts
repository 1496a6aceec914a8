import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { shareCompiledCode } from './compile-cache.ts';
import { play } from './play.ts';
import { generator } from './random.ts';
import { quietScenarios } from './scenarios/all.ts';

interface Recovery {
  /** Where each of the restarted processes dies. */
  point: string;
  /** How many of them do. */
  kills: number;
  /** Whether a process gets something done before it dies. */
  progress: boolean;
}

/*
 * Work that was begun at a start and did not get as far as its commit counts as an attempt, and after five of them it is
 * set aside as poison. So where the kill comes in between, four in a row are what everything must live through.
 */
const recoveries: readonly Recovery[] = [
  { point: 'commit.begin:1', kills: 5, progress: false },
  { point: 'commit.applied:1', kills: 5, progress: false },
  { point: 'commit.applied/attempt:1', kills: 5, progress: false },
  { point: 'commit.synced:1', kills: 4, progress: false },
  { point: 'commit.synced/attempt:1', kills: 4, progress: false },
  { point: 'commit.begin/episode:1', kills: 4, progress: true },
  { point: 'commit.applied/activity:1', kills: 4, progress: true },
  { point: 'commit.synced/activity:1', kills: 5, progress: true },
  { point: 'commit.synced/episode:1', kills: 5, progress: true },
];

const wanted = process.env.CRASH_POINTS ?? '2';
const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const pairs = quietScenarios.flatMap((scenario) => recoveries.map((recovery) => ({ scenario, recovery })));

function sample(): typeof pairs {
  const random = generator(seed);
  const pick = (progress: boolean) => {
    const some = pairs.filter(({ recovery }) => recovery.progress === progress);
    return some[Math.floor(random() * some.length)]!;
  };
  return [pick(false), pick(true)];
}

suite(`killed again and again while it recovers, CRASH_SEED=${seed}`, { concurrency: 4 }, () => {
  let clear: (() => void) | undefined;
  before(async () => {
    clear = await shareCompiledCode();
  });
  after(() => clear?.());

  for (const { scenario, recovery } of wanted === 'all' ? pairs : sample()) {
    const { point, kills, progress } = recovery;
    test(`${scenario.name}: ${kills} kills in a row at ${point} lose nothing, and what is stored does not grow`, async () => {
      const calm = await play(scenario, []);
      // The first process dies with its first work handed out and none of it done.
      const points = ['commit.synced/episode:1', ...Array<string>(kills).fill(point)];
      const { result, crashes } = await play(scenario, points);
      assert.deepEqual(result, calm.result, 'the outcome is that of a run without a crash');
      if (progress) {
        // A result has a commit of its own only where a process left its activity behind; a scenario may have none.
        if (!point.includes('/activity')) assert.ok(crashes.length > 1, 'a process was killed while it recovered');
        return;
      }
      assert.equal(crashes.length, kills + 1);
      const [first, ...rest] = crashes;
      for (const { messages } of rest) assert.equal(messages, first!.messages, 'a start alone adds no work');
    });
  }
});
