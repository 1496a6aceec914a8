import { join } from 'node:path';
import { ModelServer } from '../../test/support/model-server.ts';
import { expect } from '../support/client.ts';
import type { Figure } from '../support/figure.ts';
import { pause, rate } from '../support/measure.ts';
import { root, ServerProcess } from '../support/server-process.ts';

const sessions = 10_000;
const clients = 20;
/** How long a host is left alone before its memory is read. */
const settleMs = 3_000;

export async function memoryFigures(folder: string): Promise<Figure[]> {
  const plain = await ServerProcess.host({ data: join(folder, 'plain') });
  await pause(settleMs);
  const plainMb = plain.residentMb();
  await plain.stop();
  const [idleMb, growthMb, perSecond] = await manySessions(join(folder, 'sessions'));
  const idle = (name: string, value: number): Figure => ({
    name: `idle memory, ${name}`,
    unit: 'MB',
    value,
    target: '≤ 90 MB',
    met: value <= 90,
  });
  return [
    idle("the benchmarks' app", plainMb),
    idle("the template's app", idleMb),
    {
      name: `growth over ${sessions} sessions`,
      unit: 'MB',
      value: growthMb,
      target: '≤ 60 MB',
      met: growthMb <= 60,
      note: `${perSecond.toFixed(0)} first turns a second with ${clients} clients; read after ${settleMs / 1_000} s of rest`,
    },
  ];
}

/** Idle memory of the template's app, how much more it is after all those sessions, and their rate. */
async function manySessions(data: string): Promise<[idleMb: number, growthMb: number, perSecond: number]> {
  const model = await ModelServer.start();
  const host = await ServerProcess.host({ data, app: root, env: model.env });
  try {
    await pause(settleMs);
    const idleMb = host.residentMb();
    const body = JSON.stringify({ message: 'A question of ordinary length, as somebody would ask it.' });
    const turn = () => expect(200, 'POST', `${host.url}/api/agents/DocumentPublisher/run`, body);
    const perSecond = await rate(clients, sessions / clients, turn);
    await pause(settleMs);
    return [idleMb, host.residentMb() - idleMb, perSecond];
  } finally {
    await host.stop();
    model.stop();
  }
}
