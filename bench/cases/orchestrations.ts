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

/** Work that both servers do: how many calls to take times of, and the calls. */
interface Work {
  count: number;
  floor: (url: string) => Promise<number>;
  engine: (url: string) => Promise<number>;
}

export async function orchestrationFigures(folder: string, repetitions: number): Promise<Figure[]> {
  const floorData = join(folder, 'floor');
  const hostData = join(folder, 'host');
  const floor = await ServerProcess.floor(floorData);
  const host = await ServerProcess.host({ data: hostData });
  try {
    const pair = { floor: floor.url, host: host.url };
    await warmUp(pair);
    const alone = await measure(pair, repetitions, sequenceAlone);
    const many = await measure(pair, repetitions, sequenceMany);
    const fan = await measure(pair, repetitions, fanOut);
    const wake = await measure(pair, repetitions, wakeUp);
    const rows = compareRows(floorData, hostData);
    return [
      {
        name: 'ten activities in a row, alone',
        unit: 'ms',
        ...alone,
        target: '≤ 3 × floor',
        met: alone.ratio <= 3,
        note: rows,
      },
      {
        name: `ten activities in a row, ${clients} at once`,
        unit: '/s',
        ...many,
        target: '≥ 800/s',
        met: many.value >= 800,
      },
      { name: '50 activities out and in', unit: 'ms', ...fan, target: '≤ 5 × floor', met: fan.ratio <= 5 },
      {
        name: 'from an external event to the activity after it',
        unit: 'ms',
        ...wake,
        target: '≤ 2.5 × floor',
        met: wake.ratio <= 2.5,
      },
    ];
  } finally {
    await floor.stop();
    await host.stop();
  }
}

type Pair = { floor: string; host: string };

/** As long as the just-in-time compiler needs to have seen every path, on both. */
async function warmUp({ floor, host }: Pair): Promise<void> {
  for (const work of [sequenceAlone, sequenceMany, fanOut, wakeUp]) {
    await work.floor(floor);
    await work.engine(host);
  }
}

async function measure(
  { floor, host }: Pair,
  repetitions: number,
  work: Work,
): Promise<{ value: number; floor: number; ratio: number }> {
  const floors: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    floors.push(await work.floor(floor));
    values.push(await work.engine(host));
  }
  return {
    value: median(values),
    floor: median(floors),
    ratio: median(values.map((value, index) => value / floors[index]!)),
  };
}

/** Runs an orchestration and waits for its end. The host looks for it every `everyMs`. */
function run(host: string, name: string, everyMs: number): Promise<unknown> {
  const query = `timeout=30&pollingInterval=${everyMs / 1_000}`;
  return expect(200, 'POST', `${host}/runtime/webhooks/durabletask/orchestrators/${name}?${query}`, '{}');
}

const sequenceAlone: Work = {
  count: 100,
  floor: async (url) => median(await timed(100, () => expect(200, 'POST', `${url}/sequence`))),
  engine: async (url) => median(await timed(100, () => run(url, 'sequence', 1))),
};

const sequenceMany: Work = {
  count: 40,
  floor: (url) => rate(clients, 60, () => expect(200, 'POST', `${url}/sequence`)),
  engine: (url) => rate(clients, 40, () => run(url, 'sequence', 2)),
};

const fanOut: Work = {
  count: 60,
  floor: async (url) => median(await timed(60, () => expect(200, 'POST', `${url}/fanOut`))),
  engine: async (url) => median(await timed(60, () => run(url, 'fanOut', 1))),
};

const wakeUp: Work = {
  count: 60,
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
