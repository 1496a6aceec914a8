import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { StreamStore } from '../../src/stream/stream-store.ts';
import { deltas, done, newKey, readAll, take, textsOf } from './events.ts';

/** What every stream store does. */
export function describeStore(open: () => StreamStore | Promise<StreamStore>): void {
  it('gives all events in order, with ids, and ends after the last', async () => {
    const store = await open();
    const key = newKey();
    const written = [...deltas(['a', 'b', 'c']), done(4)];
    await store.append(key, written.slice(0, 2));
    await store.append(key, written.slice(2));
    const read = await readAll(store, key);
    assert.deepEqual(
      read.map(({ event }) => event),
      written,
    );
    assert.equal(new Set(read.map(({ id }) => id)).size, 4);
    await store.close();
  });

  it('goes on after any id with exactly the rest', async () => {
    const store = await open();
    const key = newKey();
    const texts = Array.from({ length: 250 }, (_, index) => `t${index}`);
    await store.append(key, [...deltas(texts), done(251)]);
    const all = await readAll(store, key);
    for (const cut of [1, 10, 99, 100, 101, 249, 250]) {
      const rest = await readAll(store, key, all[cut - 1]?.id);
      assert.deepEqual(rest, all.slice(cut), `after ${cut}`);
    }
    assert.deepEqual(await readAll(store, key, all.at(-1)?.id).then((rest) => rest.length), 0);
    await store.close();
  });

  it('lets a reader wait for a turn that has not begun, and follow it', async () => {
    const store = await open();
    const key = newKey();
    const reading = readAll(store, key);
    await store.append(key, deltas(['a']));
    await store.append(key, deltas(['b'], 2));
    await store.append(key, [done(3)]);
    assert.deepEqual(textsOf(await reading), ['a', 'b']);
    await store.close();
  });

  it('never makes a writer wait for a reader that does not read', async () => {
    const store = await open();
    const key = newKey();
    const slow = store.read(key, undefined, new AbortController().signal)[Symbol.asyncIterator]();
    await store.append(key, deltas(['0']));
    await slow.next();
    for (let index = 1; index <= 20; index++) await store.append(key, deltas([`${index}`], index + 1));
    await store.append(key, [done(22)]);
    let rest = 0;
    for (let next = await slow.next(); !next.done; next = await slow.next()) rest++;
    assert.equal(rest, 21);
    await store.close();
  });

  it('numbers attempts upwards and knows which steps were begun before', async () => {
    const store = await open();
    const key = newKey();
    const begun = [];
    for (const step of ['turn', 'model-1', 'turn', 'model-1', 'tool-1-0'])
      begun.push(await store.beginAttempt(key, step));
    assert.deepEqual(begun, [
      { attempt: 1, again: false },
      { attempt: 2, again: false },
      { attempt: 3, again: true },
      { attempt: 4, again: true },
      { attempt: 5, again: false },
    ]);
    assert.deepEqual(await store.beginAttempt(newKey(), 'turn'), { attempt: 1, again: false });
    await store.close();
  });

  it('gives attempts at the same time different numbers', async () => {
    const store = await open();
    const key = newKey();
    const begun = await Promise.all(
      Array.from({ length: 8 }, (_, index) => store.beginAttempt(key, `tool-1-${index}`)),
    );
    assert.deepEqual(begun.map(({ attempt }) => attempt).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
    await store.close();
  });

  it('goes on after a last event that was not the last: the turn was repeated', async () => {
    const store = await open();
    const key = newKey();
    const again = deltas(['second']).map((event) => ({ ...event, attempt: 2 }));
    await store.append(key, [...deltas(['first']), done(2), ...again, { ...done(2), attempt: 2 }]);
    assert.deepEqual(textsOf(await readAll(store, key)), ['first', 'second']);
    await store.close();
  });

  it('gives an event once that was written twice', async () => {
    const store = await open();
    const key = newKey();
    await store.append(key, deltas(['a', 'b']));
    await store.append(key, deltas(['a', 'b']));
    await store.append(key, [...deltas(['c'], 3), done(4)]);
    assert.deepEqual(textsOf(await readAll(store, key)), ['a', 'b', 'c']);
    await store.close();
  });

  it('answers a cursor it does not know with a reset and the whole stream', async () => {
    const store = await open();
    const key = newKey();
    await store.append(key, [...deltas(['a']), done(2)]);
    for (const cursor of ['nonsense', '0123456789ab-1', '99999999999999-5', "'; DROP TABLE events --"]) {
      const [first, ...rest] = await readAll(store, key, cursor);
      assert.deepEqual(first, { event: { type: 'reset', reason: 'unknownCursor' } }, cursor);
      assert.deepEqual(textsOf(rest), ['a']);
    }
    await store.close();
  });

  it('keeps text of any kind as it is', async () => {
    const store = await open();
    const key = newKey();
    const texts = ['café 日本語 🐕', 'line\nline\r\n', '"\\\u0000\u2028', '', '👨‍👩‍👧'];
    await store.append(key, [...deltas(texts), done(6)]);
    assert.deepEqual(textsOf(await readAll(store, key)), texts);
    await store.close();
  });

  it('knows a stream from its opening, or its first event, until it is deleted', async () => {
    const store = await open();
    const [opened, written, other] = [newKey(), newKey(), newKey()];
    assert.equal(await store.exists(opened), false);
    await store.open(opened);
    await store.open(opened);
    await store.append(written, deltas(['a']));
    assert.equal(await store.exists(opened), true);
    assert.equal(await store.exists(written), true);
    assert.equal(await store.exists(other), false);
    await store.delete(opened);
    await store.delete(written);
    assert.equal(await store.exists(opened), false);
    assert.equal(await store.exists(written), false);
    await store.close();
  });

  it('deletes all streams of a session and none of another', async () => {
    const store = await open();
    const mine = [newKey('gone'), newKey('gone')];
    const other = newKey('kept');
    for (const key of [...mine, other]) {
      await store.beginAttempt(key, 'turn');
      await store.append(key, deltas(['a']));
    }
    await store.deleteSession(mine[0]!.sessionId);
    for (const key of mine) assert.equal(await store.exists(key), false);
    assert.equal(await store.exists(other), true);
    await store.close();
  });

  it('takes a stream that is begun anew for another one', async () => {
    const store = await open();
    const key = newKey();
    await store.append(key, deltas(['old']));
    const [last] = await take(store, key, 1);
    await store.delete(key);
    // Redis tells streams apart by their time in milliseconds.
    await pause(3);
    await store.append(key, [...deltas(['new']), done(2)]);
    const [first, ...rest] = await readAll(store, key, last?.id);
    assert.equal(first?.event.type, 'reset');
    assert.deepEqual(textsOf(rest), ['new']);
    await store.close();
  });

  it('ends reading when the reader goes away, and when the store is closed', async () => {
    const store = await open();
    const key = newKey();
    await store.append(key, deltas(['a']));
    const controller = new AbortController();
    const reader = store.read(key, undefined, controller.signal)[Symbol.asyncIterator]();
    await reader.next();
    const pending = reader.next();
    controller.abort();
    assert.equal((await pending).done, true);
    const closing = store.read(key, undefined, new AbortController().signal)[Symbol.asyncIterator]();
    await closing.next();
    const waiting = closing.next();
    await store.close();
    assert.equal((await waiting).done, true);
  });
}
