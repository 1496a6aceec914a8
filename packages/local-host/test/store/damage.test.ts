import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { bodies, entity, instance, message, sql, temporaryFolder } from './support.ts';

const marker = 'kept-in-here';

/** A closed data folder with two of everything. */
async function filled(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  const store = SqliteStore.open(folder);
  for (const id of ['good', 'bad']) {
    await store.commit({
      instance: { ...instance(id, 'Completed'), input: `"${marker} of ${id}"` },
      history: { instanceId: id, replace: true, from: 0, events: [`"first of ${id}"`, `"second of ${id}"`] },
      entity: entity(`@a@${id}`, `"state of ${id}"`),
      outgoing: [message(`"message of ${id}"`)],
    });
  }
  store.close();
  return folder;
}

/** Changes one bit of the text where it stands in the file, in all places. */
function flip(folder: string, text: string): void {
  const file = join(folder, 'state.db');
  const bytes = readFileSync(file);
  const places = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at);
  assert.ok(places.length > 0, `${text} is in the file`);
  for (const at of places) bytes[at + 2]! ^= 1;
  writeFileSync(file, bytes);
}

function opened(t: TestContext, folder: string): SqliteStore {
  const store = SqliteStore.open(folder);
  t.after(() => store.close());
  return store;
}

test('a flipped bit in a record is an error that names the instance, and the others are as they were', async (t) => {
  const folder = await filled(t);
  flip(folder, `${marker} of bad`);
  const store = opened(t, folder);
  assert.throws(() => store.instance('bad'), { code: 'damaged', message: /instance bad.*copy the folder/s });
  assert.throws(() => store.instances({ limit: 9 }), { code: 'damaged', message: /instance bad/ });
  assert.equal(store.instance('good')?.input, `"${marker} of good"`);
  assert.deepEqual(store.history('bad'), ['"first of bad"', '"second of bad"']);
});

test('a flipped bit in a history is an error, and the others are as they were', async (t) => {
  const folder = await filled(t);
  flip(folder, 'second of bad');
  const store = opened(t, folder);
  assert.throws(() => store.history('bad'), { code: 'damaged', message: /history of instance bad/ });
  assert.deepEqual(store.history('good'), ['"first of good"', '"second of good"']);
  assert.equal(store.instance('bad')?.status, 'Completed');
});

test('a row that is gone from the middle of a history is an error', async (t) => {
  const folder = await filled(t);
  const store = SqliteStore.open(folder);
  for (const from of [2, 3]) {
    await store.commit({ history: { instanceId: 'bad', replace: false, from, events: [`"${from}"`] } });
  }
  store.close();
  sql(folder, (db) => db.exec('DELETE FROM history WHERE position = 2'));
  assert.throws(() => opened(t, folder).history('bad'), { code: 'damaged' });
});

test('a flipped bit in the state of an entity is an error and never a fresh entity', async (t) => {
  const folder = await filled(t);
  flip(folder, 'state of bad');
  const store = opened(t, folder);
  assert.throws(() => store.entity('@a@bad'), { code: 'damaged', message: /entity @a@bad/ });
  assert.equal(store.entity('@a@good')?.state, '"state of good"');
});

test('a flipped bit in a waiting message is an error that names whom it is for', async (t) => {
  const folder = await filled(t);
  flip(folder, 'message of bad');
  const store = opened(t, folder);
  assert.throws(() => bodies(store), { code: 'damaged', message: /for @a@b / });
});

test('a damaged instance can be purged, and its id be used again', async (t) => {
  const folder = await filled(t);
  flip(folder, `${marker} of bad`);
  flip(folder, 'second of bad');
  const store = opened(t, folder);
  await store.commit({ purge: ['bad'] });
  assert.equal(store.instance('bad'), undefined);
  await store.commit({
    instance: instance('bad'),
    history: { instanceId: 'bad', replace: true, from: 0, events: ['"new"'] },
  });
  assert.deepEqual(store.history('bad'), ['"new"']);
});

test('a commit that meets a damaged page is refused, and those beside it are stored', async (t) => {
  const folder = await filled(t);
  const root = sql(folder, (db) => {
    const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'messages_by_target'").get()!;
    return Number(rootpage);
  });
  const store = SqliteStore.open(folder);
  store.close();
  const bytes = readFileSync(join(folder, 'state.db'));
  bytes.fill(0xff, (root - 1) * 4096, root * 4096);
  writeFileSync(join(folder, 'state.db'), bytes);
  const again = opened(t, folder);
  const [refused, stored] = await Promise.allSettled([
    again.commit({ outgoing: [message('"lost"')], marks: [{ key: 'lost', value: '1' }] }),
    again.commit({ marks: [{ key: 'kept', value: '1' }] }),
  ]);
  assert.equal(refused!.status, 'rejected');
  assert.equal((refused as PromiseRejectedResult).reason.code, 'damaged');
  assert.equal(stored!.status, 'fulfilled');
  assert.deepEqual([again.mark('lost'), again.mark('kept')], [undefined, '1']);
});

const ruins: [string, (file: string) => void][] = [
  ['is text', (file) => writeFileSync(file, 'Dear diary, today I was a database. '.repeat(999))],
  ['is empty', (file) => truncateSync(file, 0)],
  ['was cut in the middle of a page', (file) => truncateSync(file, statSync(file).size - 6_000)],
  ['was cut after its first page', (file) => truncateSync(file, 4_096)],
  ['has zeros for its first page', (file) => overwrite(file, 0, 4_096)],
  ['has zeros for its second page', (file) => overwrite(file, 4_096, 8_192)],
  ['is gone while its log is there', goneBesideItsLog],
];

function overwrite(file: string, from: number, to: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0, from, to);
  writeFileSync(file, bytes);
}

function goneBesideItsLog(file: string): void {
  rmSync(file);
  writeFileSync(`${file}-wal`, 'what was written last');
}

for (const [how, ruin] of ruins) {
  test(`a database that ${how} is refused at the start, told with its name, and left as it is`, async (t) => {
    const folder = await filled(t);
    const file = join(folder, 'state.db');
    copyFileSync(file, join(folder, 'backup'));
    ruin(file);
    const read = () => [...['', '-wal'].map((suffix) => contentOf(file + suffix))];
    const before = read();
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(() => SqliteStore.open(folder), { code: 'damaged', message: /state\.db .*copy the folder/s });
    }
    assert.deepEqual(read(), before);
    rmSync(`${file}-wal`, { force: true });
    copyFileSync(join(folder, 'backup'), file);
    assert.equal(opened(t, folder).instance('good')?.status, 'Completed');
  });
}

function contentOf(file: string): string {
  return statSync(file, { throwIfNoEntry: false }) === undefined ? 'none' : readFileSync(file).toString('base64');
}

test('a creation that a crash cut off is begun anew', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'state.db.new'), 'half');
  assert.deepEqual(bodies(opened(t, folder)), []);
});

test('a log that belongs to nothing in the database is not taken for data', async (t) => {
  const folder = await filled(t);
  writeFileSync(join(folder, 'state.db-wal'), Buffer.alloc(32 + 2 * 4_120, 0x5a));
  const store = opened(t, folder);
  assert.equal(store.instance('good')?.status, 'Completed');
  assert.deepEqual(bodies(store), ['"message of good"', '"message of bad"']);
});
