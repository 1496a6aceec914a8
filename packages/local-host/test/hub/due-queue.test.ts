import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DueQueue } from '../../src/hub/due-queue.ts';
import { systemClock } from '../../src/hub/executor.ts';
import type { StoredMessage } from '../../src/store/store.ts';
import { ManualClock } from './manual-clock.ts';

function message(id: number, due: number): StoredMessage {
  return { id, lane: 'orchestration', target: `i${id % 3}`, due, tag: `timer:${id}`, body: `"${id}"` };
}

test('messages come in order of their time, never early, once each, and withdrawn ones not at all', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 }),
      fc.array(fc.nat({ max: 39 }), { maxLength: 10 }),
      (dues, withdrawn) => {
        const clock = new ManualClock();
        const delivered: StoredMessage[] = [];
        const queue = new DueQueue(clock, (entry) => {
          assert.ok(entry.due <= clock.now(), 'not early');
          delivered.push(entry);
        });
        const messages = dues.map((due, id) => message(id, due));
        for (const entry of messages) queue.add(entry);
        for (const id of withdrawn) if (messages[id]) queue.withdraw(messages[id].target, messages[id].tag!);
        for (let time = 0; time <= 60; time += 7) clock.move(time);
        const expected = messages
          .filter(({ id }) => !withdrawn.includes(id))
          .sort((a, b) => a.due - b.due || a.id - b.id);
        assert.deepEqual(delivered, expected);
      },
    ),
  );
});

test('what is due much later comes with the body it has then, and not at all if it is gone', () => {
  const clock = new ManualClock();
  const delivered: StoredMessage[] = [];
  const bodies = new Map([[1, '"kept"']]);
  const queue = new DueQueue(
    clock,
    (entry) => delivered.push(entry),
    (id) => bodies.get(id),
  );
  for (const id of [1, 2]) queue.add(message(id, 86_400_000));
  clock.move(86_400_000);
  assert.deepEqual(delivered, [{ ...message(1, 86_400_000), body: '"kept"' }]);
});

test('a due time of ten years is not taken for now', async () => {
  let called = false;
  const cancel = systemClock.at(Date.now() + 10 * 365 * 86_400_000, () => {
    called = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(called, false);
  cancel();
});
