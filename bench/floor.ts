/*
 * The floor of the engine's benchmarks, as a process: node:http and node:sqlite, and between them the same commits in
 * the same order as the engine makes for the same orchestration. Start: node floor.ts FOLDER; the parent is told the URL.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GroupCommit } from './floor/group-commit.ts';
import { completed, Run, raised } from './floor/run.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Say where the floor may write: node bench/floor.ts FOLDER');
const commit = new GroupCommit(folder);
interface Waiting {
  run: Run;
  /** Resolves when the run has gone on. */
  woken: Promise<void>;
  wake: (went: Promise<unknown>) => void;
}

const waiting = new Map<string, Waiting>();

/** A start, then the first episode, and one for each activity's end: it takes the activity's message off. */
async function sequence(): Promise<void> {
  const run = new Run(commit, 'sequence');
  let message = await run.start();
  let arrived = run.beginning;
  for (let id = 0; id < 10; id++) {
    const schedule = { activity: 'hello', ids: [id] };
    [message] = (await run.episode({ consume: [message], arrived, schedule })) as [number];
    arrived = [completed(id)];
  }
  await run.episode({ consume: [message], arrived, ends: true });
}

/** The ends of activities that run side by side are one episode. */
async function fanOut(): Promise<void> {
  const run = new Run(commit, 'fanOut');
  const message = await run.start();
  const ids = Array.from({ length: 50 }, (_, id) => id);
  const schedule = { activity: 'hello', ids };
  const activities = await run.episode({ consume: [message], arrived: run.beginning, schedule });
  await run.episode({ consume: activities, arrived: ids.map(completed), ends: true });
}

async function wait(id: string): Promise<void> {
  const run = new Run(commit, 'waits', id);
  const message = await run.start();
  await run.episode({ consume: [message], arrived: run.beginning });
  let wake: Waiting['wake'] = () => undefined;
  const woken = new Promise<void>((resolve) => {
    wake = (went) => resolve(went.then(() => undefined));
  });
  waiting.set(id, { run, woken, wake });
}

/** Acknowledged when it is on disk; the run that waits for it goes on after that. */
async function raise(id: string): Promise<void> {
  const { run, wake } = found(id);
  const message = await run.raise();
  const schedule = { activity: 'tell', ids: [0] };
  wake(run.episode({ consume: [message], arrived: [raised], schedule }));
}

async function woken(id: string): Promise<void> {
  await found(id).woken;
  waiting.delete(id);
}

function found(id: string): Waiting {
  const entry = waiting.get(id);
  if (entry === undefined) throw new Error(`Nothing waits under the id ${id}.`);
  return entry;
}

const routes: Record<string, (id: string) => Promise<void>> = { sequence, fanOut, wait, raise, woken };

const server = createServer((request, response) => {
  const [name = '', id = ''] = (request.url ?? '').slice(1).split('/');
  request.resume().once('end', () => {
    const answer = routes[name]?.(id) ?? Promise.reject(new Error(`no route ${name}`));
    answer.then(
      () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'ready', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('SIGINT', () => {
  commit.close();
  process.exit(0);
});
process.once('disconnect', () => process.exit(0));
