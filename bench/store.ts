import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Instance } from '../packages/local-host/src/engine/instance.ts';
import { SqliteStore } from '../packages/local-host/src/store/sqlite-store.ts';
import type { Commit } from '../packages/local-host/src/store/store.ts';

/*
 * The store alone, without engine and HTTP: the commits of sequential orchestrations with ten activities, against the
 * floor in the same run. The floor is node:sqlite with WAL and synchronous=FULL and the same group commit, which
 * inserts as many bytes into one table: one row a message, one an instance record, one a commit's history. It deletes
 * and looks up nothing.
 */

const activities = 10;

interface Target {
  commit(commit: Commit): Promise<{ id: number }[]>;
  close(): void;
}

class Floor implements Target {
  readonly #db: DatabaseSync;
  #queue: { commit: Commit; resolve: (rows: { id: number }[]) => void }[] = [];
  #id = 0;

  constructor(folder: string) {
    this.#db = new DatabaseSync(join(folder, 'state.db'));
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.#db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL)');
    const insert = this.#db.prepare('INSERT INTO rows (id, body) VALUES (?, ?)');
    const [begin, end] = [this.#db.prepare('BEGIN IMMEDIATE'), this.#db.prepare('COMMIT')];
    this.#flush = () => {
      const batch = this.#queue;
      this.#queue = [];
      begin.run();
      const results = batch.map(({ commit }) => {
        if (commit.instance) insert.run(++this.#id, JSON.stringify(commit.instance));
        if (commit.history?.events.length) insert.run(++this.#id, commit.history.events.join('\n'));
        return (commit.outgoing ?? []).map(({ body }) => {
          insert.run(++this.#id, body);
          return { id: this.#id };
        });
      });
      end.run();
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]!);
    };
  }

  readonly #flush: () => void;

  commit(commit: Commit): Promise<{ id: number }[]> {
    return new Promise((resolve) => {
      if (this.#queue.length === 0) setImmediate(this.#flush);
      this.#queue.push({ commit, resolve });
    });
  }

  close(): void {
    this.#db.close();
  }
}

const event = (name: string) =>
  JSON.stringify({ EventId: -1, EventType: name, Timestamp: new Date(0), Name: 'SayHello', Input: '["Tokyo"]' });

async function orchestrate(target: Target, id: string, times: number[]): Promise<void> {
  const commit = async (step: Commit) => {
    const before = performance.now();
    const rows = await target.commit(step);
    times.push(performance.now() - before);
    return rows[0]?.id ?? 0;
  };
  const instance: Instance = {
    instanceId: id,
    name: 'Sequence',
    version: '',
    executionId: '0123456789abcdef0123456789abcdef',
    status: 'Pending',
    input: '"a small input"',
    output: null,
    customStatus: null,
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    parent: null,
  };
  const toInstance = { lane: 'orchestration', target: id, due: 0, tag: null, body: event('Arrived') } as const;
  const toActivity = { lane: 'activity', target: 'SayHello', due: 0, tag: null, body: event('Work') } as const;
  const reply = () => ({ ...toInstance, body: event('Arrived') });
  const work = () => ({ ...toActivity, body: event('Work') });
  let message = await commit({
    instance,
    history: { instanceId: id, replace: true, from: 0, events: [] },
    outgoing: [reply()],
  });
  let length = 0;
  for (let step = 0; step <= activities; step++) {
    const names = ['OrchestratorStarted', step === 0 ? 'ExecutionStarted' : 'TaskCompleted', 'TaskScheduled', 'End'];
    const last = step === activities;
    const events = names.map(event);
    message = await commit({
      consume: [message],
      instance: { ...instance, status: last ? 'Completed' : 'Running', updatedAt: 1_700_000_000_000 + step },
      history: { instanceId: id, replace: step === 0, from: length, events },
      outgoing: last ? [] : [work()],
      withdraw: [],
    });
    length += events.length;
    if (!last) message = await commit({ consume: [message], outgoing: [reply()] });
  }
}

interface Figures {
  perSecond: number;
  p50: number;
  p99: number;
  max: number;
  walMB: number;
}

async function measure(open: (folder: string) => Target, clients: number, orchestrations: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-store-'));
  const target = open(folder);
  const times: number[] = [];
  let next = 0;
  const client = async () => {
    while (next < orchestrations) await orchestrate(target, `instance-${(next++ * 7919) % 1_000_003}`, times);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - began) / 1_000;
  const walMB = statSync(join(folder, 'state.db-wal')).size / 1e6;
  target.close();
  rmSync(folder, { recursive: true });
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { perSecond: orchestrations / seconds, p50: at(0.5), p99: at(0.99), max: at(1), walMB };
}

const line = (name: string, { perSecond, p50, p99, max, walMB }: Figures) =>
  `${name.padEnd(8)} ${perSecond.toFixed(0).padStart(6)} orchestrations/s   commit p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms  max ${max.toFixed(1)} ms   WAL ${walMB.toFixed(1)} MB`;

for (const [clients, orchestrations] of [
  [1, 300],
  [32, 3_000],
] as const) {
  // The first round warms up; the floor and the store take turns, so that both see the same machine.
  const rounds: { floor: Figures; store: Figures }[] = [];
  for (let round = 0; round < 4; round++) {
    const floor = await measure((folder) => new Floor(folder), clients, orchestrations);
    const store = await measure((folder) => SqliteStore.open(folder), clients, orchestrations);
    if (round > 0) rounds.push({ floor, store });
  }
  const best = rounds.sort((a, b) => b.store.perSecond - a.store.perSecond)[1]!;
  console.log(`${clients} at once`);
  console.log(`  ${line('floor', best.floor)}`);
  console.log(`  ${line('store', best.store)}`);
  console.log(`  ratio ${(best.floor.perSecond / best.store.perSecond).toFixed(2)}`);
}
