import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { call, expect } from '../support/client.ts';
import type { Figure } from '../support/figure.ts';
import { median, pause, rate, timed, until } from '../support/measure.ts';
import { ServerProcess } from '../support/server-process.ts';
import { compareRows } from '../support/stored-rows.ts';

/*
 * Orchestrations on the engine, and the same commits on the floor. Each repetition measures both, one right after the
 * other, so that a machine which is busy for a while slows both.
 */

const clients = 32;

/** Work that both servers do: how many orchestrations one call is, and the calls. */
interface Work {
  floorRuns: number;
  engineRuns: number;
  floor: (url: string) => Promise<number>;
  engine: (url: string) => Promise<number>;
}

interface Servers {
  floor: ServerProcess;
  host: ServerProcess;
}

interface Measured {
  value: number;
  floor: number;
  ratio: number;
  /** Processor time of one orchestration, in words. */
  note: string;
}

export async function orchestrationFigures(folder: string, repetitions: number): Promise<Figure[]> {
  const floorData = join(folder, 'floor');
  const hostData = join(folder, 'host');
  const floor = await ServerProcess.floor(floorData);
  const host = await ServerProcess.host({ data: hostData });
  try {
    for (const work of [sequenceAlone, sequenceMany, fanOut, wakeUp]) await measure({ floor, host }, 1, work);
    const alone = await measure({ floor, host }, repetitions, sequenceAlone);
    const many = await measure({ floor, host }, repetitions, sequenceMany);
    const fan = await measure({ floor, host }, repetitions, fanOut);
    const wake = await measure({ floor, host }, repetitions, wakeUp);
    alone.note += `; ${compareRows(floorData, hostData)}`;
    return [
      figure('ten activities in a row, alone', 'ms', alone, '≤ 3 × floor', alone.ratio <= 3),
      figure(`ten activities in a row, ${clients} at once`, '/s', many, '≥ 800/s', many.value >= 800),
      figure('50 activities out and in', 'ms', fan, '≤ 5 × floor', fan.ratio <= 5),
      figure('external event to the activity after it', 'ms', wake, '≤ 2.5 × floor', wake.ratio <= 2.5),
    ];
  } finally {
    await floor.stop();
    await host.stop();
  }
}

function figure(name: string, unit: Figure['unit'], measured: Measured, target: string, met: boolean): Figure {
  return { name, unit, ...measured, target, met };
}

async function measure({ floor, host }: Servers, repetitions: number, work: Work): Promise<Measured> {
  const floors: number[] = [];
  const values: number[] = [];
  const before = [floor.processorMs(), host.processorMs()] as const;
  for (let i = 0; i < repetitions; i++) {
    floors.push(await work.floor(floor.url));
    values.push(await work.engine(host.url));
  }
  const floorMs = (floor.processorMs() - before[0]) / (repetitions * work.floorRuns);
  const hostMs = (host.processorMs() - before[1]) / (repetitions * work.engineRuns);
  return {
    value: median(values),
    floor: median(floors),
    ratio: median(values.map((value, index) => value / floors[index]!)),
    note: `processor time of one: ${inWords(hostMs)}, floor ${inWords(floorMs)}`,
  };
}

function inWords(ms: number): string {
  return Number.isNaN(ms) ? 'unknown' : `${ms.toFixed(2)} ms`;
}

/** Runs an orchestration and waits for its end. */
function run(host: string, name: string): Promise<unknown> {
  const query = 'timeout=30&pollingInterval=1';
  return expect(200, 'POST', `${host}/runtime/webhooks/durabletask/orchestrators/${name}?${query}`, '{}');
}

const sequenceAlone: Work = {
  floorRuns: 100,
  engineRuns: 100,
  floor: async (url) => median(await timed(100, () => expect(200, 'POST', `${url}/sequence`))),
  engine: async (url) => median(await timed(100, () => run(url, 'sequence'))),
};

const sequenceMany: Work = {
  floorRuns: clients * 60,
  engineRuns: clients * 40,
  floor: (url) => rate(clients, 60, () => expect(200, 'POST', `${url}/sequence`)),
  engine: (url) => rate(clients, 40, () => run(url, 'sequence')),
};

const fanOut: Work = {
  floorRuns: 60,
  engineRuns: 60,
  floor: async (url) => median(await timed(60, () => expect(200, 'POST', `${url}/fanOut`))),
  engine: async (url) => median(await timed(60, () => run(url, 'fanOut'))),
};

const wakeUp: Work = {
  floorRuns: 60,
  engineRuns: 60,
  floor: (url) =>
    wakes(60, {
      begin: (id) => expect(200, 'POST', `${url}/wait/${id}`),
      woken: (id) => expect(200, 'GET', `${url}/woken/${id}`),
      raise: (id) => expect(200, 'POST', `${url}/raise/${id}`),
    }),
  engine: (url) => {
    const api = `${url}/runtime/webhooks/durabletask`;
    return wakes(60, {
      begin: async (id) => {
        await expect(202, 'POST', `${api}/orchestrators/waits/${id}`, '{}');
        const running = async () => (await call('GET', `${api}/instances/${id}`)).body.includes('"Running"');
        await until(`instance ${id} to wait`, running, 1);
      },
      woken: (id) => expect(200, 'GET', `${url}/api/woken/${id}`),
      raise: (id) => expect(202, 'POST', `${api}/instances/${id}/raiseEvent/Go`, '1'),
    });
  },
};

/** Median time from the event's request to the answer of a caller who was waiting for what comes of it. */
async function wakes(
  count: number,
  server: Record<'begin' | 'woken' | 'raise', (id: string) => Promise<unknown>>,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const id = randomUUID().replaceAll('-', '');
    await server.begin(id);
    const woken = server.woken(id);
    // The waiting request is to be there before the event.
    await pause(2);
    const from = performance.now();
    await Promise.all([server.raise(id), woken]);
    times.push(performance.now() - from);
  }
  return median(times);
}
