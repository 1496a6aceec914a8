import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type Migration, migrate } from '../../src/store/migrations.ts';
import { createTables } from '../../src/store/schema-1.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { bodies, instance, sql, temporaryFolder } from './support.ts';

const one: Migration = (db) => db.exec('CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);');
const two: Migration = (db) => db.exec('ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;');

const versionOf = (db: DatabaseSync) => db.prepare('PRAGMA user_version').get()!.user_version;

test('migrations run once each, in order, and bring a file of any older version to the newest', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db, 'file', [one]);
  assert.equal(versionOf(db), 1);
  migrate(db, 'file', [one, two]);
  migrate(db, 'file', [one, two]);
  assert.equal(versionOf(db), 2);
  assert.deepEqual({ ...db.prepare('SELECT * FROM a').get() }, { x: 1, y: 2 });
  db.close();
});

test('a migration that fails leaves its version and tables as they were, and those before it stand', () => {
  const db = new DatabaseSync(':memory:');
  const broken: Migration = (inside) => {
    inside.exec('DELETE FROM a; CREATE TABLE half (x);');
    inside.exec('SELECT * FROM nowhere');
  };
  assert.throws(() => migrate(db, 'file', [one, two, broken]), { code: 'migrationFailed', message: /data version 3/ });
  assert.equal(versionOf(db), 2);
  assert.deepEqual(
    db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name),
    ['a'],
  );
  assert.equal(db.prepare('SELECT count(*) AS n FROM a').get()!.n, 1);
  migrate(db, 'file', [one, two, (inside) => inside.exec('CREATE TABLE whole (x)')]);
  assert.equal(versionOf(db), 3);
  db.close();
});

test('a process that dies in a migration leaves the version before it, and the next one ends it', (t) => {
  const folder = temporaryFolder(t);
  sql(folder, (db) => {
    db.exec('PRAGMA journal_mode = WAL');
    migrate(db, 'file', [one]);
  });
  // What a crash leaves: the files as they are in the middle of a transaction.
  const dying = new DatabaseSync(join(folder, 'state.db'));
  const copies = new Map<string, Buffer>();
  const died = new Error('died');
  const deadly: Migration = (inside) => {
    two(inside);
    for (const name of ['state.db', 'state.db-wal']) copies.set(name, readFileSync(join(folder, name)));
    throw died;
  };
  assert.throws(() => migrate(dying, 'file', [one, deadly]), { cause: died });
  dying.close();
  const crashed = temporaryFolder(t);
  for (const [name, content] of copies) writeFileSync(join(crashed, name), content);
  sql(crashed, (db) => {
    assert.equal(versionOf(db), 1);
    migrate(db, 'file', [one, two]);
    assert.deepEqual({ ...db.prepare('SELECT * FROM a').get() }, { x: 1, y: 2 });
  });
});

test('a file of a newer version is refused and not one byte of it changes', (t) => {
  const folder = temporaryFolder(t);
  SqliteStore.open(folder).close();
  sql(folder, (db) => db.exec('PRAGMA user_version = 99'));
  const before = readFileSync(join(folder, 'state.db'));
  assert.throws(() => SqliteStore.open(folder), { code: 'newerData', message: /data version 99/ });
  assert.deepEqual(readFileSync(join(folder, 'state.db')), before);
});

test('data of version 1 is all there in the present version', (t) => {
  const folder = temporaryFolder(t);
  const late = instance('late', 'Completed', 20);
  const early = { ...instance('early', 'Running', 10), input: '"ä\u{1f600}"' };
  sql(folder, (db) => {
    migrate(db, 'file', [createTables]);
    const insert = db.prepare('INSERT INTO instances VALUES (?, ?, ?, ?)');
    for (const row of [late, early]) insert.run(row.instanceId, row.status, row.createdAt, JSON.stringify(row));
    const event = db.prepare('INSERT INTO history VALUES (?, ?, ?)');
    for (const [id, position] of [
      ['early', 1],
      ['late', 0],
      ['early', 0],
    ] as const) {
      event.run(id, position, `"${id} ${position}"`);
    }
    db.exec(`
      INSERT INTO messages VALUES (7, 'entity', '@a@b', 0, NULL, 2, '"seven"');
      INSERT INTO messages VALUES (9, 'orchestration', 'early', 5000, 'timer', 0, '"nine"');
      INSERT INTO entities VALUES ('@a@b', 5, 1, '{"n":1}', NULL);
      INSERT INTO entities VALUES ('@a@locked', 6, 0, NULL, '{"id":"l","parent":"early","parentExecution":null}');
      INSERT INTO marks VALUES ('cleanStop', 'no');
    `);
  });
  const store = SqliteStore.open(folder);
  t.after(() => store.close());
  assert.deepEqual(store.instances({ limit: 10 }), [early, late]);
  assert.deepEqual(store.history('early'), ['"early 0"', '"early 1"']);
  assert.deepEqual(store.history('late'), ['"late 0"']);
  assert.deepEqual(bodies(store), ['"seven"']);
  assert.deepEqual(
    [...store.messages('orchestration')].map((message) => ({ ...message })),
    [{ id: 9, lane: 'orchestration', target: 'early', due: 5000, tag: 'timer', attempts: 0, body: '"nine"' }],
  );
  assert.deepEqual(store.entity('@a@b'), {
    id: '@a@b',
    state: '{"n":1}',
    exists: true,
    lastOperationAt: 5,
    lock: null,
  });
  assert.deepEqual(store.entity('@a@locked')?.lock, { id: 'l', parent: 'early', parentExecution: null });
  assert.equal(store.mark('cleanStop'), 'no');
});

test('old data goes on growing after the migration', async (t) => {
  const folder = temporaryFolder(t);
  sql(folder, (db) => {
    migrate(db, 'file', [createTables]);
    const row = instance('i');
    db.prepare('INSERT INTO instances VALUES (?, ?, ?, ?)').run('i', row.status, 1, JSON.stringify(row));
    db.exec(`INSERT INTO history VALUES ('i', 0, '"a"'), ('i', 1, '"b"')`);
  });
  const store = SqliteStore.open(folder);
  t.after(() => store.close());
  await store.commit({ history: { instanceId: 'i', replace: false, from: 2, events: ['"c"'] } });
  assert.deepEqual(store.history('i'), ['"a"', '"b"', '"c"']);
});
