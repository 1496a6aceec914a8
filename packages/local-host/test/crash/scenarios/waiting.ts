import assert from 'node:assert/strict';
import { once, type Scenario } from '../scenario.ts';

/** Timers: due while nobody is there, due only after the restart, and one that is called off long before its time. */
export const timers: Scenario = {
  name: 'timers',
  async run(client) {
    await client.start('timers', 'timers', { key: 'timers', pauseMs: 50, longMs: 800 });
    const { output, ...result } = await client.ended('timers');
    const { won, due } = output as { won: boolean; due: Record<string, number> };
    assert.ok(won, 'the activity was faster than an hour');
    assert.equal(result.events.TimerFired, 4, 'each timer that was waited for fired once');
    return {
      result,
      effects: once(['timers/one', 'timers/quick', 'timers/all']),
      check(effects) {
        for (const { key, at } of effects) {
          if (key === 'timers/one') assert.ok(at >= due.one!, 'the first timer was not early');
          if (key === 'timers/all') assert.ok(at >= due.long!, 'the last timers were not early');
        }
      },
    };
  },
};

/** Events one after the other. Which of them were acknowledged is known; the one that the crash cut off is open. */
export const events: Scenario = {
  name: 'events',
  async run(client) {
    await client.start('collects', 'events', { key: 'events' });
    const sent: { id: string; acknowledged: boolean }[] = [];
    for (let i = 0; i < 6; i++) {
      const status = await client.raise('events', 'Item', { id: `item-${i}` });
      assert.ok(status === undefined || status === 202, `an event was answered with ${status}`);
      sent.push({ id: `item-${i}`, acknowledged: status !== undefined });
    }
    const end = await client.until(() => client.raise('events', 'Item', { id: 'end', last: true }));
    assert.ok(end === 202 || end === 410, `the last event was answered with ${end}`);
    const { runtimeStatus, output } = await client.ended('events');
    const received = output as string[];
    assert.deepEqual(
      received,
      sent.filter(({ id, acknowledged }) => acknowledged || received.includes(id)).map(({ id }) => id),
      `acknowledged events arrive once and in order; sent: ${JSON.stringify(sent)}`,
    );
    return { result: runtimeStatus, effects: once(received.map((id) => `events/${id}`)) };
  },
};
