import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from '../support/client.ts';
import type { Figure } from '../support/figure.ts';
import { median, until } from '../support/measure.ts';
import { ServerProcess } from '../support/server-process.ts';
import { firstAnswerMs } from './start.ts';

const orchestrations = 100;
const steps = 10;
/** How long each activity takes. */
const workMs = 50;
/** How the engine marks the end of an activity in a history. */
const taskCompleted = 5;
const half = (orchestrations * steps) / 2;

/**
 * 100 orchestrations of ten activities, killed when half of the activities have ended, and started again. The ideal is
 * the start of a process plus what the second half takes when nobody kills it.
 */
export async function recoveryFigures(folder: string, repetitions: number): Promise<Figure[]> {
  const over: number[] = [];
  const took: number[] = [];
  let twice = 0;
  let again = 0;
  for (let i = 0; i < Math.min(repetitions, 5); i++) {
    const startMs = await firstAnswerMs(join(folder, `empty-${i}`));
    const restMs = await secondHalf(join(folder, `whole-${i}`));
    const killed = await killAndRecover(join(folder, `killed-${i}`));
    took.push(killed.ms);
    over.push(killed.ms - startMs - restMs);
    twice += killed.finishedTwice;
    again += killed.cutOff;
  }
  const overIdeal = median(over);
  const note = `median ${median(took).toFixed(0)} ms from the new process's start to the last end; ${again} activities that the kills cut off ran again`;
  return [
    {
      name: '100 orchestrations killed half-way: over the ideal',
      unit: 'ms',
      value: overIdeal,
      target: '≤ 250 ms',
      met: overIdeal <= 250,
      note,
    },
    { name: 'finished activities that ran twice', unit: 'times', value: twice, target: '0', met: twice === 0 },
  ];
}

/** @returns ms from the half to the end */
async function secondHalf(folder: string): Promise<number> {
  const { host, ledger } = await startAll(folder);
  await until('half of the activities', () => lines(ledger).length >= half, 1);
  const from = performance.now();
  await allEnded(host);
  const ms = performance.now() - from;
  await host.stop();
  return ms;
}

async function killAndRecover(folder: string): Promise<{ ms: number; finishedTwice: number; cutOff: number }> {
  const { host, ledger, data } = await startAll(folder);
  await until('half of the activities', () => lines(ledger).length >= half, 1);
  await host.kill();
  const finished = finishedActivities(data, join(folder, 'copy'));
  const from = performance.now();
  const next = await ServerProcess.host({ data, env: { BENCH_LEDGER: ledger } });
  await allEnded(next);
  const ms = performance.now() - from;
  await next.stop();
  const runs = new Map<string, number>();
  for (const line of lines(ledger)) runs.set(line, (runs.get(line) ?? 0) + 1);
  if (runs.size !== orchestrations * steps) throw new Error(`Only ${runs.size} activities have run.`);
  const finishedTwice = finished.filter((line) => runs.get(line) !== 1).length;
  return { ms, finishedTwice, cutOff: lines(ledger).length - runs.size };
}

async function startAll(folder: string): Promise<{ host: ServerProcess; ledger: string; data: string }> {
  mkdirSync(folder, { recursive: true });
  const ledger = join(folder, 'ledger.txt');
  const data = join(folder, 'data');
  const host = await ServerProcess.host({ data, env: { BENCH_LEDGER: ledger } });
  const url = `${host.url}/runtime/webhooks/durabletask/orchestrators/long`;
  const input = JSON.stringify({ ms: workMs });
  await Promise.all(Array.from({ length: orchestrations }, (_, i) => expect(202, 'POST', `${url}/run-${i}`, input)));
  return { host, ledger, data };
}

async function allEnded(host: ServerProcess): Promise<void> {
  const open = `${host.url}/runtime/webhooks/durabletask/instances?runtimeStatus=Pending,Running&top=1`;
  await until('all orchestrations to end', async () => (await expect(200, 'GET', open)).body === '[]', 5);
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    // The first activity makes the file.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The activities whose result is on disk, as lines of the ledger. Read from a copy: the original is left as the kill left it. */
function finishedActivities(data: string, copy: string): string[] {
  mkdirSync(copy, { recursive: true });
  for (const file of ['state.db', 'state.db-wal']) copyFileSync(join(data, file), join(copy, file));
  const db = new DatabaseSync(join(copy, 'state.db'));
  try {
    const histories = db
      .prepare('SELECT instance_id AS id, events FROM history JOIN instances ON number = instance')
      .all() as { id: string; events: string }[];
    const results = db
      .prepare("SELECT target AS id, body ->> '$.event' AS events FROM messages WHERE lane = 'orchestration'")
      .all() as { id: string; events: string }[];
    return [...histories, ...results].flatMap(({ id, events }) =>
      events
        .split('\n')
        .map((text) => JSON.parse(text) as { EventType: number; TaskScheduledId?: number })
        .filter(({ EventType }) => EventType === taskCompleted)
        .map(({ TaskScheduledId }) => `${id} ${TaskScheduledId}`),
    );
  } finally {
    db.close();
  }
}
