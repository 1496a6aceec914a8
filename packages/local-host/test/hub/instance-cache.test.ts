import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrival, EventType, encodeEvent, type HistoryEvent } from '../../src/engine/history.ts';
import type { Instance, RuntimeStatus } from '../../src/engine/instance.ts';
import { InstanceCache } from '../../src/hub/instance-cache.ts';
import type { Store } from '../../src/store/store.ts';

const started: HistoryEvent = { EventType: EventType.OrchestratorStarted, ...arrival(new Date(0)) };

function instance(status: RuntimeStatus): Instance {
  const nothing = { input: null, output: null, customStatus: null, parent: null };
  const times = { createdAt: 0, updatedAt: 0 };
  return { instanceId: 'i', name: 'n', version: '', executionId: 'x', status, ...nothing, ...times };
}

/** A cache on a store that holds one instance, and what was read of it. */
function cacheOf(status: RuntimeStatus): { cache: InstanceCache; reads: string[] } {
  const reads: string[] = [];
  const store: Pick<Store, 'instance' | 'history'> = {
    instance: (id) => {
      reads.push(`record of ${id}`);
      return id === 'i' ? instance(status) : undefined;
    },
    history: (id) => {
      reads.push(`history of ${id}`);
      return [encodeEvent(started)];
    },
  };
  return { cache: new InstanceCache(store as Store), reads };
}

test('an instance that runs is read once', () => {
  const { cache, reads } = cacheOf('Running');
  assert.equal(cache.hot('i'), undefined);
  assert.equal(cache.load('i')?.history.length, 1);
  assert.equal(cache.load('i')?.history, cache.hot('i')?.history);
  assert.equal(cache.instance('i')?.status, 'Running');
  assert.deepEqual(reads, ['record of i', 'history of i']);
});

test('of an instance that has ended the record is kept, and the history is read when somebody asks', () => {
  const { cache, reads } = cacheOf('Completed');
  cache.keep({ instance: instance('Completed'), history: [started], size: 100 });
  assert.equal(cache.instance('i')?.status, 'Completed');
  const hot = cache.load('i')!;
  assert.deepEqual(reads, []);
  assert.deepEqual(
    hot.history.map(({ EventType: type, IsPlayed }) => [type, IsPlayed]),
    [[EventType.OrchestratorStarted, true]],
  );
  assert.deepEqual(reads, ['history of i']);
});

test('a late message for an instance that ended long ago costs no read of its history', () => {
  const { cache, reads } = cacheOf('Failed');
  assert.equal(cache.load('i')?.instance.status, 'Failed');
  assert.deepEqual(reads, ['record of i']);
});

test('an unknown instance, and one that is forgotten, are asked for again', () => {
  const { cache, reads } = cacheOf('Running');
  assert.equal(cache.load('nobody'), undefined);
  cache.load('i');
  cache.forget('i');
  cache.load('i');
  assert.deepEqual(reads, ['record of nobody', 'record of i', 'history of i', 'record of i', 'history of i']);
});
