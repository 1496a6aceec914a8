import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PoisonGuard } from '../../src/hub/poison-guard.ts';
import { silentLogger } from '../../src/log.ts';
import type { Commit, Store, StoredMessage } from '../../src/store/store.ts';
import { ManualClock } from './manual-clock.ts';

function guard(): { guard: PoisonGuard; counted: number[]; clock: ManualClock } {
  const counted: number[] = [];
  const clock = new ManualClock();
  const store = {
    commit: async (commit: Commit) => {
      counted.push(...(commit.attempted ?? []));
      return [];
    },
  } as unknown as Store;
  return { guard: new PoisonGuard(store, silentLogger, clock), counted, clock };
}

function message(id: number, attempts?: number): StoredMessage {
  const fields = { id, lane: 'activity' as const, target: 'a', due: 0, tag: null, body: '' };
  return attempts === undefined ? fields : { ...fields, attempts };
}

test('fresh messages run at once and are not counted', async () => {
  const { guard: poison, counted } = guard();
  assert.equal(await poison.run([message(1)], async (reason) => reason ?? 'ran'), 'ran');
  assert.deepEqual(counted, []);
});

test('messages that were left behind are counted before they run, and set aside after five', async () => {
  const { guard: poison, counted } = guard();
  const order: string[] = [];
  await poison.run([message(1, 0)], async () => order.push(`counted ${counted.join()}, then ran`));
  assert.deepEqual(order, ['counted 1, then ran']);
  assert.match(String(await poison.run([message(2, 5)], async (reason) => reason)), /Set aside: 5 times/);
  assert.deepEqual(counted, [1]);
});

test('suspects run one at a time, so that only the one that is running is counted', async () => {
  const { guard: poison, counted } = guard();
  let finish: () => void = () => {};
  const first = poison.run([message(1, 3)], () => new Promise<void>((resolve) => (finish = resolve)));
  const second = poison.run([message(2, 3)], async () => 'second');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(counted, [1]);
  finish();
  await first;
  assert.equal(await second, 'second');
  assert.deepEqual(counted, [1, 2]);
});

test('a suspect that fails lets the next one run', async () => {
  const { guard: poison } = guard();
  const first = poison.run([message(1, 3)], async () => {
    throw new Error('failed');
  });
  await assert.rejects(first, /failed/);
  assert.equal(await poison.run([message(2, 3)], async () => 'ran'), 'ran');
});

test('a suspect that waits for the one behind it is not waited for longer than a few seconds', async () => {
  const { guard: poison, clock } = guard();
  let finish: () => void = () => {};
  const first = poison.run([message(1, 4)], () => new Promise<string>((resolve) => (finish = () => resolve('first'))));
  const second = poison.run([message(2, 4)], async () => {
    finish();
    return 'second';
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  clock.move(4_999);
  await turn();
  assert.equal(clock.next, 5_000, 'the second still waits');
  clock.move(5_000);
  assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
});

test('work that was left behind a few times still runs side by side', async () => {
  const { guard: poison } = guard();
  let finish: () => void = () => {};
  const first = poison.run([message(1, 2)], () => new Promise<string>((resolve) => (finish = () => resolve('first'))));
  const second = poison.run([message(2, 2)], async () => {
    finish();
    return 'second';
  });
  assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
});
