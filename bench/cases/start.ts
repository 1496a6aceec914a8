import { join } from 'node:path';
import { expect } from '../support/client.ts';
import type { Figure } from '../support/figure.ts';
import { median } from '../support/measure.ts';
import { benchApp, root, ServerProcess } from '../support/server-process.ts';

const apps = [
  { name: "the benchmarks' app", directory: benchApp, path: '/api/ping' },
  { name: "the template's app", directory: root, path: '/api/health' },
] as const;

/** From the start of the process to the first answer of the app, on new data folders. */
export async function startFigures(folder: string, repetitions: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [number, { name, directory, path }] of apps.entries()) {
    const times: number[] = [];
    for (let i = 0; i < repetitions + 2; i++) {
      times.push(await firstAnswerMs(join(folder, `${number}-${i}`), directory, path));
    }
    const value = median(times);
    figures.push({ name: `start to first answer, ${name}`, unit: 'ms', value, target: '≤ 350 ms', met: value <= 350 });
  }
  return figures;
}

export async function firstAnswerMs(data: string, app: string = benchApp, path = '/api/ping'): Promise<number> {
  const from = performance.now();
  const host = await ServerProcess.host({ data, app });
  await expect(200, 'GET', host.url + path);
  const ms = performance.now() - from;
  await host.stop();
  return ms;
}
