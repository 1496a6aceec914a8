import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sdkRuns } from './sdk.ts';

for (const strict of [false, true]) {
  const how = strict ? 'strict' : 'live objects';
  test(`the small runtime and the SDK (${how}) make the same run of every seed, step by step`, async () => {
    const runs = await sdkRuns(strict);
    for (let seed = strict ? 1_000_000 : 2_000_000, left = 150; left > 0; seed++, left--) {
      assert.deepEqual(await runs.small(seed), await runs.sdk(seed), `seed ${seed}`);
    }
  });
}
