import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TurnWaiters } from '../../src/client/turn-waiters.ts';
import { waitFor } from '../../src/client/wait-for.ts';
import type { AgentSessionId } from '../../src/ids.ts';
import { ManualTimers, settle } from './manual-timers.ts';

const session = '@dafx-joker@s' as AgentSessionId;

function start(options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const timers = new ManualTimers();
  const waiters = new TurnWaiters();
  const waiter = waiters.add(session, 't');
  const store: { committed?: string; reads: number } = { reads: 0 };
  const read = async () => {
    store.reads++;
    return store.committed;
  };
  let outcome: string | undefined | null = null;
  const { timeoutMs = 100_000, signal } = options;
  const done = waitFor({ read, waiter, timeoutMs, timers, signal }).then((result) => {
    outcome = result;
  });
  return { timers, waiters, waiter, store, done, outcome: () => outcome };
}

describe('waiting for a turn', () => {
  it('looks at once when woken, then 1, 2, 4 … ms later until the commit shows', async () => {
    const { timers, waiters, store, done, outcome } = start();
    await settle();
    waiters.wake(session, 't');
    await settle();
    assert.equal(store.reads, 1);
    assert.equal(outcome(), null, 'a wake-up alone is no answer');
    for (let look = 0; look < 12; look++) await timers.next();
    assert.deepEqual(timers.pauses.slice(1), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000, 1000]);
    store.committed = 'answer';
    await timers.next();
    await done;
    assert.equal(outcome(), 'answer');
  });

  it('finds a commit that nobody announced by looking after 50, 100 … 1000 ms', async () => {
    const { timers, store, done, outcome } = start();
    for (let look = 0; look < 6; look++) await timers.next();
    assert.deepEqual(timers.pauses, [50, 100, 200, 400, 800, 1000, 1000]);
    store.committed = 'answer';
    await timers.next();
    await done;
    assert.equal(outcome(), 'answer');
    assert.equal(timers.pending, 0);
  });

  it('a wake-up before the waiting begins is not missed', async () => {
    const timers = new ManualTimers();
    const waiters = new TurnWaiters();
    const waiter = waiters.add(session, 't');
    waiters.wake(session, 't');
    assert.equal(await waitFor({ read: async () => 'there', waiter, timeoutMs: 100, timers }), 'there');
    assert.deepEqual(timers.pauses, []);
  });

  it('a wake-up while it looks makes it look again', async () => {
    const timers = new ManualTimers();
    const waiters = new TurnWaiters();
    const waiter = waiters.add(session, 't');
    let reads = 0;
    const read = async () => {
      if (++reads > 1) return 'there';
      waiters.wake(session, 't');
      return undefined;
    };
    const waiting = waitFor({ read, waiter, timeoutMs: 1000, timers });
    await timers.next();
    assert.equal(await waiting, 'there');
    assert.deepEqual(timers.pauses, [50]);
  });

  it('gives up when the time is over, after a last look', async () => {
    const { timers, store, done, outcome } = start({ timeoutMs: 120 });
    await timers.next();
    await timers.next();
    await done;
    assert.equal(outcome(), undefined);
    assert.deepEqual(timers.pauses, [50, 70]);
    assert.equal(store.reads, 2);
  });

  it('stops when the caller goes away', async () => {
    const abort = new AbortController();
    const { timers, store, done, outcome } = start({ signal: abort.signal });
    await settle();
    abort.abort();
    await done;
    assert.equal(outcome(), undefined);
    assert.equal(store.reads, 0);
    assert.equal(timers.pending, 0);
  });

  it('an error of the look ends the waiting', async () => {
    const timers = new ManualTimers();
    const waiter = new TurnWaiters().add(session, 't');
    const waiting = waitFor({ read: () => Promise.reject(new Error('broken')), waiter, timeoutMs: 100, timers });
    await Promise.all([assert.rejects(waiting, /broken/), timers.next()]);
  });
});

describe('waiters', () => {
  it('are woken for their own turn of their own session only', async () => {
    const waiters = new TurnWaiters();
    const timers = new ManualTimers();
    const mine = waiters.add(session, 't');
    const other = waiters.add(session, 'u');
    const elsewhere = waiters.add('@dafx-joker@S' as AgentSessionId, 't');
    waiters.wake(session, 't');
    assert.equal(await mine.pause(10, timers), true);
    const paused = [other.pause(10, timers), elsewhere.pause(10, timers)];
    await timers.next();
    await timers.next();
    assert.deepEqual(await Promise.all(paused), [false, false]);
  });

  it('of one turn are all woken, and none is left behind', async () => {
    const waiters = new TurnWaiters();
    const timers = new ManualTimers();
    const many = Array.from({ length: 1000 }, () => waiters.add(session, 't'));
    const pauses = many.map((waiter) => waiter.pause(1000, timers));
    assert.equal(waiters.size, 1);
    waiters.wake(session, 't');
    assert.deepEqual(new Set(await Promise.all(pauses)), new Set([true]));
    for (const waiter of many) waiter.dispose();
    assert.equal(waiters.size, 0);
    assert.equal(timers.pending, 0);
    waiters.wake(session, 't');
  });

  it('disposing twice leaves a later waiter of the same turn alone', async () => {
    const waiters = new TurnWaiters();
    const first = waiters.add(session, 't');
    first.dispose();
    const second = waiters.add(session, 't');
    first.dispose();
    waiters.wake(session, 't');
    assert.equal(await second.pause(1000, new ManualTimers()), true);
  });
});
