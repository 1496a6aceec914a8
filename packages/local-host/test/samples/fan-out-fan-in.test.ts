import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBothModes, outputOf } from './sample-app.ts';

inBothModes('fan-out-fan-in', (app) => {
  test('the results come in the order of the calls, whatever the order of their ends', async () => {
    const links = await app.begin('shelves/poems/count');
    assert.deepEqual(await outputOf(links), { words: [3, 6, 1], total: 10 });
  });

  test('a fan-out over nothing ends', async () => {
    assert.deepEqual(await outputOf(await app.begin('shelves/empty/count')), { words: [], total: 0 });
  });
});
