import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { HostError } from '../../src/functions/host-error.ts';
import type { KeyId } from '../../src/keys/key.ts';
import { KeyError } from '../../src/keys/key-error.ts';
import { writeKeyFile } from '../../src/keys/key-file.ts';
import { withKeyLock } from '../../src/keys/key-lock.ts';
import { KeyStore } from '../../src/keys/key-store.ts';
import { temporaryFolder } from './fixtures/temporary-folder.ts';

const code = (expected: KeyError['code']) => (error: unknown) => {
  assert.ok(error instanceof KeyError && error instanceof HostError, inspect(error));
  assert.equal(error.code, expected);
  assert.ok(error.message.endsWith(error.fix));
  return true;
};
const HOST_KEY: KeyId = { kind: 'host', name: 'ci' };

test('a start makes the folder, the master key, the host key "default" and the system key', (t) => {
  const store = new KeyStore(join(temporaryFolder(t), 'data'));
  assert.deepEqual(store.list(), []);
  store.ensure(['durabletask_extension']);
  assert.deepEqual(
    store.list().map(({ kind, name }) => [kind, name]),
    [
      ['master', '_master'],
      ['host', 'default'],
      ['system', 'durabletask_extension'],
    ],
  );
});

test('what is there already is not made again', (t) => {
  const folder = temporaryFolder(t);
  new KeyStore(folder).ensure(['durabletask_extension']);
  const text = readFileSync(join(folder, 'keys.json'), 'utf8');
  const again = new KeyStore(folder);
  again.ensure(['durabletask_extension']);
  again.systemKey('durabletask_extension');
  assert.equal(readFileSync(join(folder, 'keys.json'), 'utf8'), text);
});

test('values are 256 random bits that fit into a URL as they are', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  const values = Array.from({ length: 20 }, (_, index) => store.create({ kind: 'host', name: `k${index}` }).value);
  for (const value of values) {
    assert.equal(Buffer.from(value, 'base64url').length, 32);
    assert.equal(encodeURIComponent(value), value);
  }
  assert.equal(new Set(values).size, 20);
});

test('only the owner may read the file, after each change', { skip: process.platform === 'win32' }, (t) => {
  const store = new KeyStore(temporaryFolder(t));
  const mode = () => statSync(store.file).mode & 0o777;
  store.create(HOST_KEY);
  assert.equal(mode(), 0o600);
  chmodSync(store.file, 0o644);
  store.roll(HOST_KEY);
  assert.equal(mode(), 0o600);
});

test('a change leaves no other file with keys behind, and a left-over one is no obstacle', (t) => {
  const folder = temporaryFolder(t);
  const store = new KeyStore(folder);
  writeFileSync(`${store.file}.tmp`, 'half');
  const { value } = store.create(HOST_KEY);
  const holding = readdirSync(folder).filter((name) => readFileSync(join(folder, name), 'utf8').includes(value));
  assert.deepEqual(holding, ['keys.json']);
});

test('names have no case', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  const key = store.create({ kind: 'function', functionName: 'HttpStart', name: 'Mobile' });
  assert.deepEqual([key.functionName, key.name], ['httpstart', 'mobile']);
  assert.throws(() => store.create({ kind: 'function', functionName: 'httpSTART', name: 'mobile' }), code('keyExists'));
  store.create({ kind: 'function', functionName: 'other', name: 'mobile' });
});

const BAD_NAMES = ['', '_master', '__proto__', 'a b', 'a/b', '../x', 'ä', 'a\u001b[2J', 'x'.repeat(128)];

test('a name that could do harm is refused and not repeated', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  for (const name of BAD_NAMES) {
    const ids: KeyId[] = [
      { kind: 'host', name },
      { kind: 'system', name },
      { kind: 'function', functionName: name, name: 'default' },
    ];
    for (const id of ids.slice(0, name.length === 128 ? 2 : 3)) {
      assert.throws(() => store.create(id), code('invalidKeyName'), inspect(id));
    }
  }
  assert.equal(existsSync(store.file), false);
});

test('what does not exist cannot be rolled or deleted, and the master key cannot be deleted', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  assert.throws(() => store.roll({ kind: 'master', name: '' }), code('keyNotFound'));
  assert.throws(() => store.delete(HOST_KEY), code('keyNotFound'));
  store.create(HOST_KEY);
  const before = readFileSync(store.file, 'utf8');
  assert.throws(() => store.roll({ kind: 'function', functionName: 'f', name: 'ci' }), code('keyNotFound'));
  assert.throws(() => store.delete({ kind: 'master', name: '_master' }), code('keyNeeded'));
  assert.equal(readFileSync(store.file, 'utf8'), before);
});

test('a roll changes one value and nothing else', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  store.ensure();
  store.create(HOST_KEY);
  const before = store.list();
  const rolled = store.roll({ kind: 'master', name: '_master' });
  assert.deepEqual(store.list(), [rolled, ...before.slice(1)]);
  assert.notEqual(rolled.value, before[0]?.value);
});

const DAMAGED: [name: string, text: (good: string) => string][] = [
  ['an empty file', () => ''],
  ['a file cut short', (good) => good.slice(0, good.length / 2)],
  ['a file of zeros', (good) => '\0'.repeat(good.length)],
  ['another JSON value', () => 'null'],
  ['a file without version', (good) => good.replace('"version"', '"verzion"')],
  ['a key without a value', (good) => good.replace('"value"', '"velue"')],
  ['a value cut short', (good) => good.replace(/("value": ".{10})[^"]+/, '$1')],
  ['a key of an unknown kind', (good) => good.replace('"master"', '"mister"')],
];

for (const [name, damage] of DAMAGED) {
  test(`${name} is refused with advice, left as it is, and quoted nowhere`, (t) => {
    const store = new KeyStore(temporaryFolder(t));
    store.ensure();
    store.create(HOST_KEY);
    const values = store.list().map((key) => key.value);
    const text = damage(readFileSync(store.file, 'utf8'));
    writeFileSync(store.file, text);
    const fresh = new KeyStore(join(store.file, '..'));
    for (const use of [() => fresh.ensure(), () => fresh.list(), () => fresh.create(HOST_KEY), () => store.list()]) {
      assert.throws(use, (error) => {
        const shown = inspect(error, { depth: 10 });
        for (const secret of values) {
          assert.ok(!shown.includes(secret.slice(0, 8)));
        }
        return code('invalidKeyFile')(error);
      });
    }
    assert.equal(readFileSync(store.file, 'utf8'), text);
  });
}

test('a file of a newer version is refused untouched', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  writeFileSync(store.file, '{"version":2}');
  assert.throws(() => store.ensure(), code('newerKeyFile'));
  assert.equal(readFileSync(store.file, 'utf8'), '{"version":2}');
});

test('a reader takes up what another has written, also when nothing but the content has changed', (t) => {
  const folder = temporaryFolder(t);
  const reader = new KeyStore(folder);
  const writer = new KeyStore(folder);
  const seen = () => reader.list().find(({ name }) => name === 'ci')?.value;
  assert.equal(seen(), undefined);
  assert.equal(writer.create(HOST_KEY).value, seen());
  for (let round = 0; round < 50; round++) {
    assert.equal(writer.roll(HOST_KEY).value, seen());
  }
});

test('keys whose file is taken away open nothing, and a system key is made anew', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  const before = store.systemKey('durabletask_extension');
  assert.equal(store.ring.matching(before).length, 1);
  rmSync(store.file);
  assert.equal(store.ring.matching(before).length, 0);
  assert.notEqual(store.systemKey('durabletask_extension'), before);
});

test('a mistyped folder is not made', (t) => {
  const folder = temporaryFolder(t);
  const store = new KeyStore(join(folder, 'no', 'such'));
  assert.throws(() => store.create(HOST_KEY), code('unwritableKeyFile'));
  assert.deepEqual(readdirSync(folder), []);
});

test('a file that cannot be written is named, and the old one stays', (t) => {
  const folder = temporaryFolder(t);
  const store = new KeyStore(folder);
  store.create(HOST_KEY);
  const before = readFileSync(store.file, 'utf8');
  mkdirSync(`${store.file}.tmp`);
  writeFileSync(join(`${store.file}.tmp`, 'x'), '');
  assert.throws(() => writeKeyFile(store.file, []), code('unwritableKeyFile'));
  assert.equal(readFileSync(store.file, 'utf8'), before);
});

test('a lock that another holds is waited for only so long, and is free when its holder is gone', (t) => {
  const file = join(temporaryFolder(t), 'keys.lock');
  const holder = new DatabaseSync(file);
  holder.exec('BEGIN EXCLUSIVE');
  assert.throws(() => withKeyLock(file, () => assert.fail('not reached'), 50), code('keysBusy'));
  holder.close();
  assert.equal(
    withKeyLock(file, () => 'done', 50),
    'done',
  );
});

test('a change that fails gives the lock back', (t) => {
  const store = new KeyStore(temporaryFolder(t));
  store.create(HOST_KEY);
  assert.throws(() => store.create(HOST_KEY), code('keyExists'));
  assert.equal(
    withKeyLock(join(store.file, '..', 'keys.lock'), () => 'free', 0),
    'free',
  );
});
