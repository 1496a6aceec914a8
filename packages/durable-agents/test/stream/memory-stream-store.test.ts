import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStreamStore } from '../../src/stream/memory-stream-store.ts';
import { deltas, done, newKey, readAll, textsOf } from './events.ts';
import { describeStore } from './store-contract.ts';

describe('streams in memory', () => {
  describeStore(() => new MemoryStreamStore());

  it('lose their beginning beyond their limit, and say so to those who miss it', async () => {
    const store = new MemoryStreamStore({ maxStreamBytes: 2_000 });
    const key = newKey();
    for (let index = 1; index <= 100; index++) await store.append(key, deltas([`text ${index}`], index));
    await store.append(key, [done(101)]);
    const [first, ...rest] = await readAll(store, key);
    assert.deepEqual(first?.event, { type: 'reset', reason: 'trimmed' });
    const texts = textsOf(rest);
    assert.equal(texts.at(-1), 'text 100');
    assert.ok(texts.length > 5 && texts.length < 40);
    const late = await readAll(store, key, rest[0]?.id);
    assert.deepEqual(late, rest.slice(1), 'a reader behind whose place nothing is missing goes on');
    assert.ok(store.size.bytes <= 2_000);
  });

  it('take a bounded place in all: the ones silent for longest go', async () => {
    const store = new MemoryStreamStore({ maxBytes: 5_000, maxStreams: 10 });
    const keys = Array.from({ length: 30 }, () => newKey());
    for (const key of keys) await store.append(key, deltas(['x'.repeat(100)]));
    assert.ok(store.size.streams <= 10);
    await store.append(keys.at(-1)!, deltas(['x'.repeat(4_500)], 2));
    assert.ok(store.size.bytes <= 5_000);
    assert.equal(await store.exists(keys[0]!), false);
    assert.equal(await store.exists(keys.at(-1)!), true);
  });

  it('are gone some time after their last event', async () => {
    let now = 0;
    const store = new MemoryStreamStore({ ttlMs: 1_000, now: () => now });
    const key = newKey();
    await store.append(key, deltas(['a']));
    now = 999;
    assert.equal(await store.exists(key), true);
    await store.append(key, deltas(['b'], 2));
    now = 1_998;
    assert.equal(await store.exists(key), true);
    now = 1_999;
    assert.equal(await store.exists(key), false);
    assert.deepEqual(store.size, { streams: 0, bytes: 0 });
  });
});
