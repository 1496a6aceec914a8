import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkExpiry, expiryAfterRun, isExpired, performExpiryCheck } from '../../src/entity/expiry.ts';
import { expirySettings } from '../../src/entity/expiry-settings.ts';
import { readBookkeeping, writeBookkeeping } from '../../src/entity/session-bookkeeping.ts';
import { checkSessionKey, formatSessionId } from '../../src/ids.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState, type StateDocument } from '../../src/state/entity-state.ts';
import { withExchange } from '../state/turns.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const start = Date.parse('2026-03-01T10:00:00.000Z');
const at = (ms: number) => new Date(start + ms);
const text = (ms: number) => at(ms).toISOString();
const sessionId = formatSessionId('Joker', checkSessionKey('s1'));
const settings = expirySettings({});

function run(state: StateDocument, ms: number, correlationId = 't', options = settings, succeeded = true) {
  const outcome = expiryAfterRun(state, { correlationId, succeeded }, sessionId, options, at(ms));
  return { ...outcome, state: parseState(JSON.stringify(outcome.state)) };
}

describe('the time to live', () => {
  it('is 14 days by default, the shortest delay of a check 5 minutes', () => {
    assert.deepEqual(settings, { ttlMs: 14 * day, minCheckDelayMs: 5 * minute });
  });

  it("is the app's unless the agent has its own, and null means never", () => {
    assert.equal(expirySettings({ ttlMs: day }).ttlMs, day);
    assert.equal(expirySettings({ ttlMs: day }, { ttlMs: 5 }).ttlMs, 5);
    assert.equal(expirySettings({ ttlMs: day }, { ttlMs: undefined }).ttlMs, day);
    assert.equal(expirySettings({ ttlMs: day }, { ttlMs: null }).ttlMs, null);
    assert.equal(expirySettings({ ttlMs: null }).ttlMs, null);
    assert.equal(expirySettings({ ttlMs: null }, { ttlMs: 7 }).ttlMs, 7);
  });

  for (const options of [
    { ttlMs: 0 },
    { ttlMs: -1 },
    { ttlMs: 1.5 },
    { ttlMs: Number.POSITIVE_INFINITY },
    { minCheckDelayMs: 5 * minute + 1 },
    { minCheckDelayMs: 0 },
  ]) {
    it(`${JSON.stringify(options)} is refused`, () => {
      assert.throws(() => expirySettings(options), { code: 'invalidOption' });
    });
  }
});

describe('the deadline of a session', () => {
  it('is moved by each answer, and its check is asked for once', () => {
    const first = run(emptyState(), 0, 't1');
    assert.equal(first.state.data.expirationTimeUtc, text(14 * day));
    const [action] = first.actions;
    assert.ok(action?.type === 'startOrchestration');
    assert.equal(action.name, 'dafx-session-expiry');
    assert.match(action.instanceId, /^dafx-expiry-[0-9a-f]{32}$/);
    assert.deepEqual(action.input, { entity: 'dafx-joker', key: 's1', dueAt: text(14 * day) });
    assert.deepEqual(readBookkeeping(first.state).expiryCheck, {
      instanceId: action.instanceId,
      dueAt: text(14 * day),
    });
    const second = run(first.state, day, 't2');
    assert.equal(second.state.data.expirationTimeUtc, text(15 * day));
    assert.deepEqual(second.actions, []);
  });

  it('that is near is looked at no sooner than the shortest delay', () => {
    const { actions } = run(emptyState(), 0, 't', expirySettings({ ttlMs: 1_000 }));
    assert.equal((actions[0] as unknown as { input: { dueAt: string } }).input.dueAt, text(5 * minute));
  });

  it('a turn delivered again asks for the same check; another life of the session for another one', () => {
    const idOf = (correlationId: string) =>
      (run(emptyState(), 0, correlationId).actions[0] as unknown as { instanceId: string }).instanceId;
    assert.equal(idOf('t1'), idOf('t1'));
    assert.notEqual(idOf('t1'), idOf('t2'));
  });

  it('a check that is long overdue counts as lost and is asked for again', () => {
    const { state } = run(emptyState(), 0);
    const late = (ms: number) => run(writeBookkeeping(state, {}), ms, 'later').actions.length;
    assert.equal(late(14 * day + 60 * minute), 0);
    assert.equal(late(14 * day + 60 * minute + 1), 1);
  });

  it('a much earlier deadline gets a check of its own', () => {
    const { state } = run(emptyState(), 0, 't1');
    const { actions } = run(state, 0, 't2', expirySettings({ ttlMs: day }));
    assert.equal(actions.length, 1);
  });

  it('a failed turn does not move it, but a session without one gets one', () => {
    const { state } = run(emptyState(), 0, 't1');
    const failed = expiryAfterRun(state, { correlationId: 't2', succeeded: false }, sessionId, settings, at(day));
    assert.equal(failed.state, state);
    assert.deepEqual(failed.actions, []);
    assert.equal(run(emptyState(), 0, 't1', settings, false).state.data.expirationTimeUtc, text(14 * day));
  });

  it('is cleared by the next run when the time to live is switched off; the pending check then does nothing', () => {
    const { state } = run(emptyState(), 0);
    const never = expirySettings({ ttlMs: null });
    const off = run(state, 1, 't2', never);
    assert.equal('expirationTimeUtc' in off.state.data, false);
    const { instanceId } = readBookkeeping(off.state).expiryCheck ?? {};
    const checked = performExpiryCheck(off.state, { instanceId }, never, at(14 * day));
    assert.deepEqual(checked.result, { status: 'done' });
    assert.equal(checked.deleted, undefined);
    assert.equal(readBookkeeping(checked.state as StateDocument).expiryCheck, undefined);
  });

  it('sessions of schema 2 that keep receipts are not deleted by time', () => {
    const { state, actions } = run(withExchange(emptyState('2.0.0'), 't', 'a', 'b'), 0);
    assert.deepEqual(actions, []);
    assert.deepEqual(checkExpiry(state, settings, at(100 * day)), { status: 'done' });
    assert.equal(isExpired(state, at(100 * day)), false);
  });
});

describe('a look at the deadline', () => {
  const active = { correlationId: 'a', instanceId: 'i', startedAt: text(0), request: {} };
  const queued = { correlationId: 'b', request: {}, enqueuedAt: text(0) };

  it('before its time gives the time of the next one', () => {
    const { state } = run(emptyState(), 0);
    assert.deepEqual(checkExpiry(state, settings, at(day)), { status: 'wait', nextCheckAt: at(14 * day) });
    assert.deepEqual(checkExpiry(state, settings, at(14 * day - 1)), {
      status: 'wait',
      nextCheckAt: at(14 * day - 1 + 5 * minute),
    });
  });

  it('at its time deletes the whole session', () => {
    const { state } = run(emptyState(), 0);
    const { instanceId } = readBookkeeping(state).expiryCheck ?? {};
    assert.deepEqual(performExpiryCheck(state, { instanceId }, settings, at(14 * day)), {
      deleted: true,
      result: { status: 'deleted' },
    });
  });

  it('after a message came first finds the moved deadline and waits on', () => {
    const first = run(emptyState(), 0, 't1');
    const second = run(first.state, 14 * day - 1, 't2');
    const { instanceId } = readBookkeeping(second.state).expiryCheck ?? {};
    const { state, result, deleted } = performExpiryCheck(second.state, { instanceId }, settings, at(14 * day));
    assert.equal(deleted, undefined);
    assert.deepEqual(result, { status: 'waiting', nextCheckAt: text(28 * day - 1) });
    assert.equal(readBookkeeping(state as StateDocument).expiryCheck?.dueAt, text(28 * day - 1));
  });

  for (const [what, turns] of [
    ['running or parked', { active, queue: [] }],
    ['waiting', { queue: [queued] }],
  ] as const) {
    it(`never deletes a session with a turn that is ${what}`, () => {
      const state = writeBookkeeping(run(emptyState(), 0).state, { turns });
      assert.deepEqual(checkExpiry(state, settings, at(20 * day)), {
        status: 'wait',
        nextCheckAt: at(20 * day + 60 * minute),
      });
      assert.equal(isExpired(state, at(20 * day)), false);
    });
  }

  it('by a check that another one has replaced does nothing', () => {
    const { state } = run(emptyState(), 0);
    assert.deepEqual(performExpiryCheck(state, { instanceId: 'older' }, settings, at(20 * day)), {
      result: { status: 'done' },
    });
  });

  it('by another runtime without an id is served and writes nothing', () => {
    const { state } = run(emptyState(), 0);
    assert.equal(performExpiryCheck(state, undefined, settings, at(day)).state, undefined);
    assert.equal(performExpiryCheck(state, undefined, settings, at(14 * day)).deleted, true);
  });

  it('that a session knows nothing of is taken on', () => {
    const state = { ...emptyState(), data: { conversationHistory: [], expirationTimeUtc: text(day) } };
    const { state: after } = performExpiryCheck(state, { instanceId: 'x' }, settings, at(0));
    assert.deepEqual(readBookkeeping(after as StateDocument).expiryCheck, { instanceId: 'x', dueAt: text(day) });
  });

  for (const deadline of [undefined, null, 'soon']) {
    it(`a deadline that is ${JSON.stringify(deadline)} deletes nothing`, () => {
      const data = { conversationHistory: [], ...(deadline !== undefined && { expirationTimeUtc: deadline }) };
      assert.deepEqual(checkExpiry({ schemaVersion: '1.1.0', data }, settings, at(10 ** 11)), { status: 'done' });
    });
  }

  it('late or early, in any order with messages, deletes only at or after the deadline of the last answer', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(20 * day)), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (script) => {
        let state: StateDocument | undefined;
        let lastAnswer = 0;
        let now = 0;
        for (const [isMessage, pause] of script) {
          now += pause;
          if (isMessage) {
            state = run(state ?? emptyState(), now, `t${now}`).state;
            lastAnswer = now;
          } else if (state !== undefined) {
            const expired = isExpired(state, at(now));
            const { deleted, state: after } = performExpiryCheck(state, undefined, settings, at(now));
            assert.equal(deleted === true, now >= lastAnswer + 14 * day);
            assert.equal(deleted === true, expired);
            state = deleted ? undefined : (after ?? state);
          }
        }
      }),
    );
  });
});
