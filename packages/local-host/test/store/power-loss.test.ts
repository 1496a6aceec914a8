import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { Commit, Store } from '../../src/store/store.ts';
import { entity, instance, message, temporaryFolder } from './support.ts';

const walHeader = 32;
const frame = 24 + 4_096;
const ids = ['i0', 'i1', 'i2'];

/** Everything a host could see. */
function everything(store: Store): string {
  return JSON.stringify({
    messages: (['orchestration', 'entity', 'activity'] as const).map((lane) => [...store.messages(lane)]),
    instances: store.instances({ limit: 1_000 }),
    histories: ids.map((id) => store.history(id)),
    entities: store.entities({ limit: 1_000 }),
    locked: store.entity('@a@locked') ?? null,
    marks: ['a', 'b'].map((key) => store.mark(key) ?? null),
  });
}

/** Commits of all kinds; each flush writes one or several. Content is large now and then, for rows over many pages. */
async function* flushes(store: SqliteStore, rounds: number): AsyncGenerator<void> {
  const text = (n: number) => JSON.stringify('x'.repeat(n % 5 === 0 ? 9_000 : 50) + n);
  const lock = { id: 'l', parent: 'i0', parentExecution: null };
  let waiting: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const id = ids[n % ids.length]!;
    const timer = { lane: 'orchestration', target: id, due: 9_999 + n, tag: `t${n % 2}`, body: text(n) } as const;
    const work = { lane: 'activity', target: 'Work', due: 0, tag: null, body: text(n + 1) } as const;
    const [stored] = await store.commit({
      instance: instance(id, 'Pending', n),
      history: { instanceId: id, replace: true, from: 0, events: [] },
      outgoing: [message(text(n)), timer, work],
      marks: [{ key: n % 2 === 0 ? 'a' : 'b', value: text(n) }],
    });
    yield;
    waiting.push(stored!.id);
    const together: Commit[] = [
      { instance: instance(id, 'Running', n), history: { instanceId: id, replace: false, from: 0, events: [text(n)] } },
      { history: { instanceId: id, replace: false, from: 1, events: [text(n), text(n + 2)] }, attempted: [stored!.id] },
      { withdraw: [{ target: id, tag: 't0' }], outgoing: [message(text(n + 3))] },
      { entity: entity(`@a@${n % 4}`, text(n)) },
      { entity: { ...entity('@a@locked', ''), state: null, exists: false, lock: n % 2 === 0 ? lock : null } },
    ];
    await Promise.all(together.map((commit) => store.commit(commit)));
    yield;
    if (n % 3 === 2) {
      await store.commit({ consume: waiting, instance: instance(id, 'Completed', n), outgoing: [message(text(n))] });
      waiting = [];
      yield;
    }
    if (n % 7 === 6) {
      await store.commit({ purge: [id] });
      yield;
    }
  }
}

interface Recording {
  /** What was visible after flush n; the first is the empty store. */
  states: string[];
  /** Size of the log after flush n. */
  logSizes: number[];
  /** Where the copy after flush n is. */
  copies: string[];
  log: Buffer;
}

async function record(t: TestContext, rounds: number): Promise<Recording> {
  const folder = temporaryFolder(t);
  const copyRoot = temporaryFolder(t);
  const store = SqliteStore.open(folder);
  const recording: Recording = { states: [], logSizes: [], copies: [], log: Buffer.alloc(0) };
  const keep = () => {
    const copy = join(copyRoot, String(recording.copies.length));
    mkdirSync(copy);
    for (const name of ['state.db', 'state.db-wal']) copyFileSync(join(folder, name), join(copy, name));
    recording.states.push(everything(store));
    recording.logSizes.push(readFileSync(join(copy, 'state.db-wal')).length);
    recording.copies.push(copy);
  };
  // The first flush makes the log.
  await store.commit({ marks: [{ key: 'begun', value: '1' }] });
  keep();
  for await (const _ of flushes(store, rounds)) keep();
  recording.log = readFileSync(join(folder, 'state.db-wal'));
  store.close();
  return recording;
}

function recovered(folder: string): string {
  const store = SqliteStore.open(folder);
  try {
    return everything(store);
  } finally {
    store.close();
  }
}

test('files copied at the return of any flush hold everything acknowledged until then', async (t) => {
  const { copies, states } = await record(t, 24);
  assert.ok(copies.length > 50);
  for (const [index, copy] of copies.entries()) {
    assert.ok(recovered(copy) === states[index], `the copy after flush ${index} recovers its state`);
  }
});

test('a log cut at any page or inside of one recovers to a whole flush, the last that is complete in it', async (t) => {
  const { copies, states, logSizes, log } = await record(t, 7);
  const database = readFileSync(join(copies[0]!, 'state.db'));
  assert.equal((log.length - walHeader) % frame, 0, 'no checkpoint came between: the log is one run of frames');
  const copy = temporaryFolder(t);
  let cuts = 0;
  // Before the first frame ends there is no flush yet, not even that of the first commit.
  for (let end = logSizes[0]! + frame; end <= log.length; end += frame) {
    for (const cut of [end - frame + 11, end - 1_000, end]) {
      writeFileSync(join(copy, 'state.db'), database);
      writeFileSync(join(copy, 'state.db-wal'), log.subarray(0, cut));
      const complete = logSizes.filter((size) => size <= cut).length - 1;
      assert.ok(recovered(copy) === states[complete], `cut at byte ${cut}: the state after flush ${complete}`);
      cuts++;
    }
  }
  assert.ok(cuts > 200, `${cuts} cuts`);
});

test('a damaged frame ends the log before the flush it belongs to', async (t) => {
  const { copies, states, logSizes, log } = await record(t, 16);
  const root = temporaryFolder(t);
  for (const [index, size] of logSizes.entries()) {
    if (index === 0) continue;
    const bytes = Buffer.from(log);
    bytes[size - 2_000]! ^= 1;
    const copy = join(root, String(index));
    mkdirSync(copy);
    copyFileSync(join(copies[0]!, 'state.db'), join(copy, 'state.db'));
    writeFileSync(join(copy, 'state.db-wal'), bytes);
    assert.ok(recovered(copy) === states[index - 1], `damage in flush ${index}`);
  }
});

test('the log stays bounded under a long run, and the data over many checkpoints is complete', async (t) => {
  const folder = temporaryFolder(t);
  const store = SqliteStore.open(folder);
  const body = JSON.stringify('x'.repeat(30_000));
  let largest = 0;
  let previous: number[] = [];
  for (let n = 0; n < 120; n++) {
    const stored = await store.commit({
      consume: previous,
      outgoing: Array.from({ length: 20 }, () => message(body)),
      marks: [{ key: 'n', value: String(n) }],
    });
    previous = stored.map(({ id }) => id);
    largest = Math.max(largest, readFileSync(join(folder, 'state.db-wal')).length);
  }
  store.close();
  // 72 MB were written; the log is moved into the database from 16 MB on.
  assert.ok(largest < 24 * 1024 * 1024, `${largest} bytes`);
  const again = SqliteStore.open(folder);
  t.after(() => again.close());
  assert.equal([...again.messages('entity')].length, 20);
  assert.equal(again.mark('n'), '119');
});
