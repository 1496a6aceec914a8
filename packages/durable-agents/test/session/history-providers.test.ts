import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { checkSessionKey, formatSessionId } from '../../src/ids.ts';
import type { HistoryProvider, StoredTurn } from '../../src/session/history-provider.ts';
import { MemoryHistory } from '../../src/session/memory-history.ts';
import { RedisHistory } from '../../src/session/redis-history.ts';
import { SqliteHistory } from '../../src/session/sqlite-history.ts';
import { readStoredTurn } from '../../src/session/stored-turn-json.ts';
import { noRedis, RedisServer } from './redis-server.ts';

const one = formatSessionId('Joker', checkSessionKey('zażółć 🧵'));
const other = formatSessionId('Joker', checkSessionKey('ZAŻÓŁĆ 🧵'));

const turn = (sequence: number, text = `said ${sequence} 🧵\r\n`): StoredTurn => ({
  sequence,
  correlationId: `t${sequence}`,
  entries: [
    {
      $type: 'request',
      correlationId: `t${sequence}`,
      messages: [{ role: 'user', contents: [{ $type: 'text', text }] }],
    },
  ],
});

const bySequence = (turns: StoredTurn[]) => turns.toSorted((a, b) => a.sequence - b.sequence);

/** What every store must do; each case with a session that is empty. */
function contract(provider: () => HistoryProvider): void {
  it('a session that has said nothing has no turns, and can be deleted', async () => {
    assert.deepEqual(await provider().load(one, 0, 10), []);
    await provider().delete(one);
  });

  it('gives back the turns that it is asked for, as they were', async () => {
    for (let sequence = 0; sequence < 450; sequence++) await provider().append(one, turn(sequence));
    const middle = bySequence(await provider().load(one, 100, 400));
    assert.deepEqual(
      middle,
      Array.from({ length: 300 }, (_, index) => turn(100 + index)),
    );
    assert.deepEqual(bySequence(await provider().load(one, 448, 1_000)), [turn(448), turn(449)]);
    await provider().delete(one);
  });

  it('a turn written again is there once, in its last form', async () => {
    await provider().append(one, turn(0));
    await provider().append(one, turn(0, 'again'));
    assert.deepEqual(await provider().load(one, 0, 5), [turn(0, 'again')]);
    await provider().delete(one);
  });

  it('keeps sessions apart, and deletes one alone', async () => {
    await provider().append(one, turn(0, 'one'));
    await provider().append(other, turn(0, 'other'));
    await provider().delete(one);
    assert.deepEqual(await provider().load(one, 0, 5), []);
    assert.deepEqual(await provider().load(other, 0, 5), [turn(0, 'other')]);
    await provider().delete(other);
  });

  it('numbers keep their digits', async () => {
    const text = '{"sequence":0,"correlationId":"t","entries":[{"at":1789430400123456789}]}';
    await provider().append(one, readStoredTurn(text));
    assert.equal(JSON.stringify((await provider().load(one, 0, 1))[0]), text);
    await provider().delete(one);
  });
}

describe('history in memory', () => {
  const provider = new MemoryHistory();
  contract(() => provider);
});

describe('history in SQLite', () => {
  const database = new DatabaseSync(':memory:');
  const provider = new SqliteHistory(database);
  after(() => database.close());
  contract(() => provider);

  it('is still there for the next program that opens the database', async () => {
    await provider.append(one, turn(7));
    assert.deepEqual(await new SqliteHistory(database).load(one, 0, 10), [turn(7)]);
    await provider.delete(one);
  });
});

describe('history in Redis', { skip: noRedis }, () => {
  let redis: RedisServer;
  before(async () => {
    redis = await RedisServer.start();
  });
  after(() => redis.stop());
  contract(() => new RedisHistory({ client: redis }));

  it('keeps a session as long as it is told after its last turn', async () => {
    const provider = new RedisHistory({ client: redis, prefix: 'x:', ttlMs: 50_000 });
    await provider.append(one, turn(0));
    const left = Number(await redis.sendCommand(['PTTL', `x:${one}`]));
    assert.ok(left > 0 && left <= 50_000);
  });

  it('a value that is no turn is refused', async () => {
    await redis.sendCommand(['HSET', `durable-agents:history:${other}`, '0', '{"sequence":0']);
    await assert.rejects(new RedisHistory({ client: redis }).load(other, 0, 1), { code: 'invalidHistory' });
  });

  it('what Redis refuses is an error with its cause', async () => {
    await redis.sendCommand(['SET', `y:${one}`, 'text']);
    await assert.rejects(
      new RedisHistory({ client: redis, prefix: 'y:' }).append(one, turn(0)),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'historyUnavailable');
        assert.match(String(error.cause), /WRONGTYPE/);
        return true;
      },
    );
  });
});

describe('a stored turn', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '{"sequence":"0","correlationId":"t","entries":[]}',
    '{"sequence":0,"entries":[]}',
    '{"sequence":0,"correlationId":"t","entries":["x"]}',
  ]) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => readStoredTurn(text), { code: 'invalidHistory' });
    });
  }
});
