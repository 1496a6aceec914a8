import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataLock } from '../../src/store/data-lock.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { bodies, childArguments, message, sql, temporaryFolder } from './support.ts';

/** A process that holds the folder after it has stored one message. @param stop what ends it by itself */
async function holder(folder: string, stop = '') {
  const script = `
    const store = SqliteStore.open(folder);
    await store.commit({ outgoing: [message('"first"')] });
    process.stdout.write('holds');
    process.stdin.resume();
    ${stop}
  `;
  const child = spawn(process.execPath, childArguments(script, folder), { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return { child, gone: once(child, 'exit') };
}

test('a second process is refused with the id of the first, changes nothing, and gets in when the first is killed', async (t) => {
  const folder = temporaryFolder(t);
  const { child, gone } = await holder(folder);
  t.after(() => child.kill('SIGKILL'));
  assert.throws(() => DataLock.acquire(folder, 50), {
    code: 'dataInUse',
    message: new RegExp(`in use by another local host \\(process ${child.pid}\\).*--data`),
  });
  child.kill('SIGKILL');
  await gone;
  const store = SqliteStore.open(folder);
  t.after(() => store.close());
  assert.deepEqual(bodies(store), ['"first"']);
});

test('a process that comes while the first is stopping waits for it', async (t) => {
  const folder = temporaryFolder(t);
  const { child, gone } = await holder(folder, 'setTimeout(() => process.exit(), 300)');
  t.after(() => child.kill('SIGKILL'));
  // Blocks this process; the other one ends meanwhile.
  const lock = DataLock.acquire(folder, 60_000);
  lock.release();
  await gone;
});

test('one process does not get the folder twice either', async (t) => {
  const folder = temporaryFolder(t);
  const lock = DataLock.acquire(folder);
  assert.throws(() => DataLock.acquire(folder, 10), {
    code: 'dataInUse',
    message: new RegExp(`process ${process.pid}`),
  });
  lock.release();
  DataLock.acquire(folder, 10).release();
});

test('a damaged lock file is told apart from damaged data', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'lock'), 'not a database '.repeat(99));
  assert.throws(() => SqliteStore.open(folder), { code: 'damaged', message: /keeps no data.*delete that file/ });
});

test('another program can read while the host writes', async (t) => {
  const folder = temporaryFolder(t);
  const store = SqliteStore.open(folder);
  t.after(() => store.close());
  await store.commit({ outgoing: [message('"1"')] });
  const count = () => sql(folder, (db) => db.prepare('SELECT count(*) AS n FROM messages').get()!.n);
  assert.equal(count(), 1);
  await store.commit({ outgoing: [message('"2"')] });
  assert.equal(count(), 2);
});
