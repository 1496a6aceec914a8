import assert from 'node:assert/strict';
import { once, type Scenario } from '../scenario.ts';

export const sequence: Scenario = {
  name: 'sequence',
  async run(client) {
    await client.start('sequence', 'sequence', { key: 'sequence', steps: 4 });
    const result = await client.ended('sequence');
    assert.deepEqual(result.output, [0, 1, 4, 9]);
    assert.deepEqual(result.customStatus, { step: 3 });
    return { result, effects: once([0, 1, 2, 3].map((step) => `sequence/${step}`)) };
  },
};

export const fanOut: Scenario = {
  name: 'fan-out',
  async run(client) {
    await client.start('fanOut', 'fan-out', { key: 'fan-out', width: 6 });
    const result = await client.ended('fan-out');
    assert.deepEqual(result.output, [0, 1, 2, 3, 4, 5]);
    return { result, effects: once([0, 1, 2, 3, 4, 5, 'join'].map((name) => `fan-out/${name}`)) };
  },
};

export const family: Scenario = {
  name: 'family',
  async run(client) {
    await client.start('family', 'family', { key: 'family' });
    const result = [await client.ended('family')];
    assert.deepEqual(result[0]!.output, { first: [0], both: [[0, 1], [0]], failure: true });
    for (const child of ['first', 'left', 'right']) result.push(await client.ended(`family-${child}`));
    const effects = ['first/0', 'left/0', 'left/1', 'right/0', 'broken'].map((name) => `family/${name}`);
    return { result, effects: once(effects) };
  },
};

export const retry: Scenario = {
  name: 'retry',
  async run(client) {
    await client.start('insists', 'retry', { key: 'retry' });
    const { output, runtimeStatus } = await client.ended('retry');
    // An attempt that a crash cuts off has failed nobody: how many failures are recorded depends on the crash.
    const result = { output, runtimeStatus };
    assert.deepEqual(output, ['retry/a in the end', 'retry/b in the end', 'after']);
    return { result, effects: { 'retry/a': 2, 'retry/b': 2, 'retry/after': 1 } };
  },
};

export const rounds: Scenario = {
  name: 'rounds',
  async run(client) {
    await client.start('rounds', 'rounds', { key: 'rounds', round: 0, sum: 0 });
    const result = await client.ended('rounds');
    assert.equal(result.output, 10);
    assert.equal(result.events.TaskCompleted, 1, 'the history is that of the last round');
    return { result, effects: once([0, 1, 2, 3, 4].map((round) => `rounds/${round}`)) };
  },
};

/** Several clients start one id at the same moment, and try again when they get no answer. */
export const sameId: Scenario = {
  name: 'same-id',
  async run(client) {
    const input = { key: 'same-id' };
    let accepted = 0;
    const insist = async () => {
      for (;;) {
        const reply = await client.postStart('once', 'same-id', input);
        if (reply === undefined) continue;
        assert.ok(reply.status === 202 || reply.status === 409, `a start was answered with ${reply.status}`);
        if (reply.status === 202) accepted++;
        return;
      }
    };
    await Promise.all(Array.from({ length: 5 }, insist));
    // None at all: the start was stored, and the answer cut off.
    assert.ok(accepted <= 1, `${accepted} clients were told that they had started it`);
    // Once more when its answer was cut off; what comes after the first changes nothing.
    const go = await client.until(() => client.raise('same-id', 'Go', null));
    assert.ok(go === 202 || go === 410, `the event was answered with ${go}`);
    const { runtimeStatus, output, events } = await client.ended('same-id');
    assert.equal(output, 'ended');
    assert.equal(events.ExecutionStarted, 1);
    return { result: { runtimeStatus, output }, effects: once(['same-id/begin', 'same-id/end']) };
  },
};
