import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { bodies, inChild, temporaryFolder } from './support.ts';

// A file system of its own, in a name space that ends with the child: needs no rights and leaves nothing mounted.
const mount = (options: string) => `mount -t tmpfs -o ${options} none "$FOLDER"`;
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
const needsMount = canMount ? false : 'this system lets no plain user mount a file system (unshare -rm)';

function onItsOwnDisk(folder: string, options: string, script: string): unknown {
  const shell = `FOLDER='${folder}'; export FOLDER; exec unshare -rm sh -c '${mount(options)} && exec "$@"' sh "$@"`;
  const ended = inChild(script, folder, shell);
  assert.equal(ended.status, 0, ended.stderr);
  return JSON.parse(ended.stdout);
}

const fillAndGoOn = `
  import { rmSync, writeFileSync } from 'node:fs';
  const ballast = folder + '/ballast';
  writeFileSync(ballast, Buffer.alloc(400_000));
  const store = SqliteStore.open(folder);
  const big = 'x'.repeat(20_000);
  const stored = [];
  let failure;
  for (let n = 0; failure === undefined; n++) {
    const commits = ['a', 'b'].map((part) => store.commit({
      instance: instance(n + part), outgoing: [message(JSON.stringify([n, part, big]))],
    }));
    for (const [index, result] of (await Promise.allSettled(commits)).entries()) {
      if (result.status === 'fulfilled') stored.push(n + 'ab'[index]);
      else failure = { code: result.reason.code, message: result.reason.message };
    }
  }
  const full = store.health();
  const present = () => store.instances({ limit: 1e6 }).map(({ instanceId }) => instanceId).sort().join();
  const whileFull = present() === stored.sort().join();
  const retry = await store.commit({ outgoing: [message(JSON.stringify(big.repeat(9)))] }).catch((error) => error.code);
  const since = store.health().since;
  rmSync(ballast);
  await store.commit({ instance: instance('later') });
  stored.push('later');
  const room = store.health();
  store.close();
  const again = SqliteStore.open(folder);
  process.stdout.write(JSON.stringify({
    failure, full, whileFull, retry, since, room,
    some: stored.length > 5,
    asAcknowledged: again.instances({ limit: 1e6 }).map(({ instanceId }) => instanceId).sort().join() === stored.sort().join(),
    messages: bodies(again).length === stored.length - 1,
  }));
`;

test('a full disk refuses what does not fit, keeps exactly what it acknowledged, and goes on when there is room', {
  skip: needsMount,
}, (t) => {
  const result = onItsOwnDisk(temporaryFolder(t), 'size=2m', fillAndGoOn) as Record<string, never>;
  const { failure, full, since, ...rest } = result as Record<string, { code: string; message: string; since: number }>;
  assert.equal(failure!.code, 'diskFull');
  assert.match(failure!.message, /state\.db could not be written\. Make room/);
  assert.equal((full as unknown as { ok: boolean }).ok, false);
  assert.equal(since, full!.since, 'the time of the first failure stays');
  assert.deepEqual(rest, {
    whileFull: true,
    retry: 'diskFull',
    room: { ok: true },
    some: true,
    asAcknowledged: true,
    messages: true,
  });
});

test('a disk with no room for a new database says so', { skip: needsMount }, (t) => {
  const script = `
    let code;
    try { SqliteStore.open(folder); } catch (error) { code = error.code; }
    process.stdout.write(JSON.stringify(code));
  `;
  assert.equal(onItsOwnDisk(temporaryFolder(t), 'size=16k', script), 'diskFull');
});

test('a read-only file system is told at the start', { skip: needsMount }, (t) => {
  const script = `
    import { spawnSync } from 'node:child_process';
    SqliteStore.open(folder).close();
    spawnSync('mount', ['-o', 'remount,ro', folder]);
    let told;
    try { SqliteStore.open(folder); } catch (error) { told = [error.code, error.message.includes('--data')]; }
    process.stdout.write(JSON.stringify(told));
  `;
  assert.deepEqual(onItsOwnDisk(temporaryFolder(t), 'size=2m', script), ['readOnly', true]);
});

test('a folder this user may not write is told at the start', {
  skip: process.getuid === undefined || process.getuid() !== 0 ? 'only root can become another user' : false,
}, (t) => {
  const folder = temporaryFolder(t);
  SqliteStore.open(folder).close();
  const script = `
    import { chmodSync } from 'node:fs';
    chmodSync(folder, 0o755);
    process.setuid(65534);
    let told;
    try { SqliteStore.open(folder); } catch (error) { told = [error.code, error.message.includes(folder)]; }
    process.stdout.write(JSON.stringify(told));
  `;
  const ended = inChild(script, folder);
  assert.equal(ended.status, 0, ended.stderr);
  assert.deepEqual(JSON.parse(ended.stdout), ['readOnly', true]);
});

test('a file where the folder should be is told at the start', (t) => {
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, 'mine');
  assert.throws(() => SqliteStore.open(file), { code: 'readOnly' });
  assert.throws(() => SqliteStore.open(join(file, 'below')), { code: 'readOnly' });
  assert.equal(readFileSync(file, 'utf8'), 'mine');
});

test('a limit on file sizes is a disk error, and what was acknowledged before is there', {
  skip: process.platform === 'win32' ? 'no such limit' : false,
}, (t) => {
  const folder = temporaryFolder(t);
  const script = `
    const store = SqliteStore.open(folder);
    const big = 'x'.repeat(10_000);
    let count = 0;
    for (;;) {
      try { await store.commit({ outgoing: [message(JSON.stringify(big))] }); count++; } catch (error) {
        process.stdout.write(JSON.stringify([count, error.code, store.health().ok]));
        process.exit();
      }
    }
  `;
  const ended = inChild(script, folder, 'ulimit -f 1000; exec "$@"');
  assert.equal(ended.status, 0, ended.stderr);
  const [count, code, ok] = JSON.parse(ended.stdout) as [number, string, boolean];
  assert.ok(count > 3);
  assert.deepEqual([code, ok], ['diskFailed', false]);
  const store = SqliteStore.open(folder);
  t.after(() => store.close());
  assert.equal(bodies(store).length, count);
  assert.ok(existsSync(join(folder, 'state.db')));
});
