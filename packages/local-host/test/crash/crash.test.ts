import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { shareCompiledCode } from './compile-cache.ts';
import { type Outcome, play } from './play.ts';
import { pointsOf, samplePoints } from './points.ts';
import { generator } from './random.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios/all.ts';

/** `all`: every point as often as it is reached. A number: so many of them for each scenario, at random. */
const wanted = process.env.CRASH_POINTS ?? '2';
const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));

suite(`killed at commit points: ${wanted} a scenario, CRASH_SEED=${seed}`, { concurrency: 4 }, () => {
  let clear: (() => void) | undefined;
  before(async () => {
    clear = await shareCompiledCode();
  });
  after(() => clear?.());

  for (const [index, scenario] of scenarios.entries()) {
    test(`${scenario.name}: a kill at a commit loses nothing acknowledged and repeats nothing committed`, async (t) => {
      const calm = await play(scenario, [], { count: true });
      assert.equal(calm.crashes.length, 0);
      const groups = pointsOf(calm.commits);
      if (wanted === 'all') {
        for (const { name, times } of groups.flat()) {
          // How often a point is passed depends on the moment, so each is tried until a run comes through.
          for (let n = 1; n <= 2 * times + 5 && (await killedAt(t, scenario, calm, `${name}:${n}`)); n++);
        }
      } else {
        const points = samplePoints(groups, Number(wanted), generator(seed + index));
        for (let { name, times } of points) {
          while (!(await killedAt(t, scenario, calm, `${name}:${times}`))) {
            assert.ok(times > 1, `${name} is never reached`);
            times = Math.floor(times / 2);
          }
        }
      }
    });
  }
});

/** @returns false if the scenario ended before it came to the point */
async function killedAt(t: TestContext, scenario: Scenario, calm: Outcome, point: string): Promise<boolean> {
  // A case that fails has come to its point.
  let killed = true;
  await t.test(`killed at ${point}`, async () => {
    const { result, crashes } = await play(scenario, [point]);
    killed = crashes.length > 0;
    assert.deepEqual(result, calm.result, 'the outcome is that of a run without a crash');
  });
  return killed;
}
