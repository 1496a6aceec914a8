import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SqliteStreamStore } from '../../src/stream/sqlite-stream-store.ts';
import { deltas, done, newKey, readAll, textsOf } from './events.ts';
import { describeStore } from './store-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'streams-'));
let files = 0;
const newPath = () => join(folder, `${++files}.db`);

describe('streams in SQLite', () => {
  after(() => rmSync(folder, { recursive: true }));
  describeStore(() => new SqliteStreamStore({ path: newPath() }));

  it('lose their beginning beyond their limit, and say so to those who miss it', async () => {
    const store = new SqliteStreamStore({ path: newPath(), maxStreamBytes: 2_000 });
    const key = newKey();
    for (let index = 1; index <= 100; index++) await store.append(key, deltas([`text ${index}`], index));
    await store.append(key, [done(101)]);
    const [first, ...rest] = await readAll(store, key);
    assert.deepEqual(first?.event, { type: 'reset', reason: 'trimmed' });
    assert.equal(textsOf(rest).at(-1), 'text 100');
    assert.ok(rest.length > 5 && rest.length < 40);
    assert.deepEqual(await readAll(store, key, rest[0]?.id), rest.slice(1));
    await store.close();
  });

  it('are gone some time after their last event', async () => {
    let now = 0;
    const path = newPath();
    const store = new SqliteStreamStore({ path, ttlMs: 1_000, now: () => now });
    const key = newKey();
    await store.append(key, deltas(['canary-text']));
    now = 999;
    await store.append(key, deltas(['b'], 2));
    now = 1_998;
    assert.equal(await store.exists(key), true);
    now = 1_999;
    assert.equal(await store.exists(key), false);
    await store.deleteExpired();
    assert.equal(filesHold(path, 'canary-text'), false);
    await store.close();
  });

  it('leave nothing of themselves in any file when they are deleted', async () => {
    const path = newPath();
    const store = new SqliteStreamStore({ path });
    const key = newKey();
    await store.append(key, deltas(['canary-text']));
    assert.equal(filesHold(path, 'canary-text'), true);
    await store.deleteSession(key.sessionId);
    assert.equal(filesHold(path, 'canary-text'), false);
    await store.close();
  });

  it('outlive a restart, and readers go on where they were', async () => {
    const path = newPath();
    const key = newKey();
    const before = new SqliteStreamStore({ path });
    await before.beginAttempt(key, 'turn');
    await before.append(key, deltas(['a', 'b']));
    await before.close();
    const store = new SqliteStreamStore({ path });
    assert.deepEqual(await store.beginAttempt(key, 'turn'), { attempt: 2, again: true });
    await store.append(key, [...deltas(['c'], 3), done(4)]);
    const all = await readAll(store, key);
    assert.deepEqual(textsOf(all), ['a', 'b', 'c']);
    assert.deepEqual(textsOf(await readAll(store, key, all[1]?.id)), ['c']);
    await store.close();
  });

  it('are followed across processes while several write', { timeout: 60_000 }, async () => {
    const path = newPath();
    const store = new SqliteStreamStore({ path });
    const key = newKey();
    const writers = [1, 2, 3].map((attempt) => startWriter(path, key, attempt, 100));
    let count = 0;
    const perWriter = new Map<number, number[]>();
    const controller = new AbortController();
    for await (const { event } of store.read(key, undefined, controller.signal)) {
      assert.ok(event.type === 'textDelta');
      perWriter.set(event.attempt, [...(perWriter.get(event.attempt) ?? []), event.sequence]);
      if (++count === 300) break;
    }
    controller.abort();
    const inOrder = Array.from({ length: 100 }, (_, index) => index + 1);
    assert.deepEqual([...perWriter.keys()].sort(), [1, 2, 3]);
    for (const sequences of perWriter.values()) assert.deepEqual(sequences, inOrder);
    assert.deepEqual(await Promise.all(writers), [0, 0, 0]);
    await store.close();
  });

  it('refuse a file that is something else, and say what to do', () => {
    const path = newPath();
    writeFileSync(path, 'This is a letter and not a database, and it is long enough to look like one. '.repeat(20));
    assert.throws(() => new SqliteStreamStore({ path }), { code: 'streamStoreUnusable', name: 'ConfigurationError' });
    const missing = join(folder, 'no', 'such', 'folder.db');
    assert.throws(() => new SqliteStreamStore({ path: missing }), { code: 'streamStoreUnusable' });
  });
});

/** A process that appends `count` events one by one; resolves with its exit code. */
async function startWriter(path: string, key: object, attempt: number, count: number): Promise<number | null> {
  const writer = fileURLToPath(new URL('./sqlite-writer.ts', import.meta.url));
  const args = [...process.execArgv.filter((arg) => !arg.startsWith('--test')), writer];
  const child = spawn(process.execPath, [...args, path, JSON.stringify(key), String(attempt), String(count)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

function filesHold(path: string, text: string): boolean {
  const names = readdirSync(folder).filter((name) => join(folder, name).startsWith(path));
  return names.some((name) => readFileSync(join(folder, name)).includes(text));
}
