import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExpiryCalls, waitForExpiry } from '../../src/session/expiry-orchestration.ts';

const input = { entity: 'dafx-joker', key: 's1', dueAt: '2026-03-15T10:00:00.000Z' };
const due = new Date(input.dueAt);

/** Plays the orchestrator with given entity answers, each step from the episode's start as a replay does. */
function play(start: Date, ...answers: unknown[]) {
  return playAs('i1', start, answers);
}

function playAs(instanceId: string, start: Date, answers: unknown[]) {
  const log: string[] = [];
  let begun = start;
  let next: unknown = input;
  let output = '';
  while (next !== undefined) {
    const episode = next;
    next = undefined;
    /** What has been settled in this episode, and when. */
    const settled: { value: unknown; at: Date }[] = [];
    let now = begun;
    const calls: ExpiryCalls<[string, unknown]> = {
      instanceId,
      now: () => now,
      createTimer: (fireAt) => ['timer', fireAt],
      callEntity: (...call) => ['call', call],
      callActivity: (...call) => ['activity', call],
      continueAsNew: (again) => {
        next = again;
      },
    };
    for (;;) {
      now = begun;
      const steps = waitForExpiry(calls, episode);
      let step = steps.next();
      for (const { value, at } of settled) {
        now = at;
        step = value instanceof Error ? steps.throw(value) : steps.next(value);
      }
      if (step.done) {
        output = step.value;
        break;
      }
      const [kind, what] = step.value;
      log.push(`${kind} ${JSON.stringify(what)}`);
      settled.push(kind === 'timer' ? { value: undefined, at: what as Date } : { value: answers.shift(), at: now });
    }
    begun = now;
  }
  return { log, output };
}

const look = 'call ["dafx-joker","s1","CheckAndDeleteIfExpired",{"instanceId":"i1"}]';
const timer = (time: string) => `timer "${time}"`;

describe('the wait for the end of a session', () => {
  it('is followed by a sweep of those that have ended, one in eight by their id, whether the sweep works or not', () => {
    const sweeping = [...'0123456789abcdef'].filter((digit) => {
      for (const swept of [3, new Error('The host answered 500.')]) {
        const { log, output } = playAs(`dafx-expiry-${digit}`, due, [{ status: 'deleted' }, swept]);
        assert.equal(output, 'deleted');
        if (log.length === 1) return false;
        assert.deepEqual(log.slice(1), ['activity ["dafx-session-sweep",{}]']);
      }
      return true;
    });
    assert.deepEqual(sweeping, ['0', '8']);
  });

  it('looks when the deadline is due and ends when the session is deleted', () => {
    const { log, output } = play(new Date('2026-03-01T10:00:00Z'), { status: 'deleted' });
    assert.deepEqual(log, [timer(input.dueAt), look]);
    assert.equal(output, 'deleted');
  });

  it('waits on until the time that the session gives, each time with a fresh history', () => {
    const later = '2026-03-20T00:00:00.000Z';
    const { log, output } = play(
      new Date('2026-03-01T10:00:00Z'),
      { status: 'waiting', nextCheckAt: later },
      { status: 'done' },
    );
    assert.deepEqual(log, [timer(input.dueAt), look, timer(later), look]);
    assert.equal(output, 'done');
  });

  it('that is overdue looks at once', () => {
    assert.deepEqual(play(due, { status: 'deleted' }).log, [look]);
  });

  it('tries again five minutes after a look that failed', () => {
    const { log } = play(due, new Error('gone'), { status: 'deleted' });
    assert.deepEqual(log, [look, timer('2026-03-15T10:05:00.000Z'), look]);
  });

  it('ends when the state cannot be read', () => {
    const { log, output } = play(due, { status: 'failed', error: { code: 'invalidState' } });
    assert.deepEqual(log, [look]);
    assert.equal(output, 'failed');
  });

  for (const wrong of [undefined, null, {}, { ...input, dueAt: 'soon' }, { ...input, key: 1 }]) {
    it(`is not started with ${JSON.stringify(wrong)}`, () => {
      const calls = {} as ExpiryCalls<unknown>;
      assert.throws(() => waitForExpiry(calls, wrong).next(), /must be \{entity, key, dueAt\}/);
    });
  }
});
