import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EventType } from '../../src/engine/history.ts';
import type { Instance, Outgoing } from '../../src/engine/instance.ts';
import { entityMessage, instanceMessage } from '../../src/engine/messages.ts';
import { commitKind } from '../../src/store/commit-kind.ts';
import { failPointFrom } from '../../src/store/fail-points.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { Commit } from '../../src/store/store.ts';

const base = { EventId: -1, IsPlayed: false, Timestamp: new Date(0) };
const signal: Outgoing = entityMessage('@a@b', { op: 'add', id: 's', signal: true });
const raised = instanceMessage('i', { ...base, EventType: EventType.EventRaised, Name: 'lock-1', Input: '{}' }, null);
const result = { ...base, EventType: EventType.TaskCompleted, TaskScheduledId: 0, Result: '1' };
const refused = {
  ...base,
  EventType: EventType.SubOrchestrationInstanceFailed,
  TaskScheduledId: 0,
  Reason: '',
  Details: '',
};
const instance: Instance = {
  instanceId: 'i',
  name: 'n',
  version: '',
  executionId: 'x',
  status: 'Pending',
  input: null,
  output: null,
  customStatus: null,
  createdAt: 1,
  updatedAt: 1,
  parent: null,
};
const entity = { id: '@a@b', state: '1', exists: true, lastOperationAt: 1, lock: null };
const lock = { id: 'lock-1', parent: 'i', parentExecution: 'x' };

const examples: [string, Commit][] = [
  ['start', { instance, outgoing: [raised] }],
  ['episode', { instance, consume: [1], outgoing: [signal] }],
  ['activity', { consume: [1], outgoing: [instanceMessage('i', result, 'x')] }],
  ['entity', { entity, consume: [1], outgoing: [] }],
  ['entity', { entity: { ...entity, lock }, consume: [1], outgoing: [signal] }],
  ['lock', { entity: { ...entity, lock }, consume: [1], outgoing: [raised] }],
  ['signal', { outgoing: [signal] }],
  ['event', { outgoing: [raised] }],
  ['purge', { purge: ['i'] }],
  ['mark', { marks: [{ key: 'k', value: 'v' }] }],
  ['attempt', { attempted: [1] }],
  ['drop', { consume: [1], outgoing: [] }],
  ['drop', { consume: [1], outgoing: [instanceMessage('i', refused, null)] }],
];

for (const [kind, commit] of examples) {
  test(`a commit of ${Object.keys(commit).join(' + ')} is told to be of kind ${kind}`, () => {
    assert.equal(commitKind(commit), kind);
  });
}

test('without the variable there is no fail point', () => {
  assert.equal(failPointFrom({}), undefined);
});

test('a point without a kind is passed once a flush, one with a kind once for each such commit', () => {
  const killed: string[] = [];
  const plain = failPointFrom({ DURABLE_CRASH_AT: 'commit.synced:2' }, () => killed.push('plain'))!;
  const kinds = failPointFrom({ DURABLE_CRASH_AT: 'commit.synced/purge:2' }, () => killed.push('kind'))!;
  const batch: Commit[] = [{ purge: ['a'] }, { marks: [] }];
  for (const point of [plain, kinds]) point('begin', batch);
  for (const point of [plain, kinds]) point('synced', batch);
  assert.deepEqual(killed, []);
  plain('synced', batch);
  assert.deepEqual(killed, ['plain']);
  kinds('synced', [{ marks: [] }]);
  assert.deepEqual(killed, ['plain']);
  kinds('synced', batch);
  assert.deepEqual(killed, ['plain', 'kind']);
});

for (const text of ['commit.synced', 'commit.synced:0', 'commit.never:1', 'commit.synced/nothing:1', 'other']) {
  test(`DURABLE_CRASH_AT=${text} is refused, so that a test cannot pass by never crashing`, () => {
    assert.throws(() => failPointFrom({ DURABLE_CRASH_AT: text }), { code: 'badFailPoint' });
  });
}

const script = `
  import { SqliteStore } from ${JSON.stringify(new URL('../../src/store/sqlite-store.ts', import.meta.url).href)};
  const store = SqliteStore.open(process.argv[1]);
  for (let n = 1; n <= 5; n++) {
    await store.commit({ outgoing: [{ lane: 'entity', target: '@a@b', due: 0, tag: null, body: String(n) }] });
    process.stdout.write(n + ' ');
  }
`;

for (const [point, acknowledged, stored] of [
  ['commit.begin:3', '1 2 ', ['1', '2']],
  ['commit.applied:3', '1 2 ', ['1', '2']],
  ['commit.synced:3', '1 2 ', ['1', '2', '3']],
  ['commit.synced/signal:4', '1 2 3 ', ['1', '2', '3', '4']],
] as const) {
  test(`a process killed at ${point} leaves what was durable then, and never less than it acknowledged`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'store-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const ended = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script, folder], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: { ...process.env, DURABLE_CRASH_AT: point },
      encoding: 'utf8',
    });
    assert.equal(ended.signal, 'SIGKILL', ended.stderr);
    assert.equal(ended.stdout, acknowledged);
    const store = SqliteStore.open(folder);
    assert.deepEqual(
      [...store.messages('entity')].map(({ body }) => body),
      stored,
    );
    store.close();
  });
}
