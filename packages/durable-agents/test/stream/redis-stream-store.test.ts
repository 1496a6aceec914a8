import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ioredisClient } from '../../src/stream/redis-client.ts';
import { RedisStreamStore } from '../../src/stream/redis-stream-store.ts';
import { deltas, done, events, newKey, readAll, textsOf } from './events.ts';
import { RedisServer, redisMissing } from './redis-server.ts';
import { describeStore } from './store-contract.ts';

describe('streams in Redis', { skip: redisMissing() }, () => {
  let server: RedisServer;
  before(async () => {
    server = new RedisServer();
    await server.connect();
  });
  after(() => server.stop());

  describeStore(async () => new RedisStreamStore({ client: await server.connect() }));

  it('are followed from another machine', async () => {
    const key = newKey();
    const writer = new RedisStreamStore({ client: await server.connect() });
    const reader = new RedisStreamStore({ client: await server.connect() });
    const reading = readAll(reader, key);
    for (let index = 1; index <= 50; index++) await writer.append(key, deltas([`${index}`], index));
    await writer.append(key, [done(51)]);
    assert.equal((await reading).length, 51);
  });

  it('have the key and the fields of the official samples', async () => {
    const client = await server.connect();
    const store = new RedisStreamStore({ client });
    const key = newKey();
    const failed = events([{ type: 'done', outcome: 'failed', error: { code: 'c', message: 'It broke.' } }], 2);
    await store.append(key, [...deltas(['Hé']), ...failed]);
    const name = `agent-stream:${key.sessionId}:${key.correlationId}`;
    const entries = (await client.sendCommand(['XRANGE', name, '-', '+'])) as [string, string[]][];
    const fields = entries.map(([, list]) =>
      Object.fromEntries(list.map((_, at) => list.slice(at, at + 2)).filter((_, at) => at % 2 === 0)),
    );
    assert.equal(fields[0].text, 'Hé');
    assert.equal(fields[0].sequence, '1');
    assert.equal(fields[0].timestamp, '1000');
    assert.equal(fields[1].done, 'true');
    assert.equal(fields[1].error, 'It broke.');
  });

  it('leave no key behind when their time is up', async () => {
    const client = await server.connect();
    const store = new RedisStreamStore({ client, ttlMs: 30, keyPrefix: 'brief:' });
    const key = newKey();
    await store.beginAttempt(key, 'turn');
    await store.append(key, deltas(['a']));
    assert.equal(((await client.sendCommand(['KEYS', 'brief:*'])) as unknown[]).length, 3);
    while (((await client.sendCommand(['KEYS', 'brief:*'])) as unknown[]).length > 0) await pause(5);
    assert.equal(await store.exists(key), false);
  });

  it('lose their beginning beyond their limit, and say so to those who miss it', async () => {
    const store = new RedisStreamStore({ client: await server.connect(), maxEvents: 10 });
    const key = newKey();
    // The server trims by whole nodes of 100 entries.
    const texts = Array.from({ length: 500 }, (_, index) => `${index}`);
    await store.append(key, [...deltas(texts), done(501)]);
    const [first, ...rest] = await readAll(store, key);
    assert.deepEqual(first?.event, { type: 'reset', reason: 'trimmed' });
    assert.equal(textsOf(rest).at(-1), '499');
    assert.ok(rest.length < 300);
    assert.deepEqual(await readAll(store, key, rest[0]?.id), rest.slice(1));
    assert.equal((await readAll(store, key, '1-1'))[0]?.event.type, 'reset');
  });

  it('leave out what others have written into them', async () => {
    const client = await server.connect();
    const store = new RedisStreamStore({ client });
    const key = newKey();
    const name = `agent-stream:${key.sessionId}:${key.correlationId}`;
    await store.append(key, deltas(['a']));
    await client.sendCommand(['XADD', name, '*', 'text', 'foreign']);
    await store.append(key, [...deltas(['b'], 2), done(3)]);
    assert.deepEqual(textsOf(await readAll(store, key)), ['a', 'b']);
  });

  it('work over a client in the manner of ioredis', async () => {
    const client = await server.connect();
    const likeIoredis = { call: (command: string, ...args: string[]) => client.sendCommand([command, ...args]) };
    const store = new RedisStreamStore({ client: ioredisClient(likeIoredis) });
    const key = newKey();
    await store.append(key, [...deltas(['a']), done(2)]);
    assert.deepEqual(textsOf(await readAll(store, key)), ['a']);
  });

  it('give a reader the error of a connection that is lost', async () => {
    const client = await server.connect();
    const store = new RedisStreamStore({ client });
    client.end();
    await assert.rejects(readAll(store, newKey()), /connection is closed/i);
    await assert.rejects(store.append(newKey(), deltas(['a'])), /connection is closed/i);
  });
});
