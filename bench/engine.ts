/*
 * The engine of the local host against its floor: `engine.ts [--json] [--repetitions N] [--only orchestrations,…]
 * [--data DIR]`. What each floor is stands in README.md.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { memoryFigures } from './cases/memory.ts';
import { orchestrationFigures } from './cases/orchestrations.ts';
import { recoveryFigures } from './cases/recovery.ts';
import { startFigures } from './cases/start.ts';
import { closeConnections } from './support/client.ts';
import { type Figure, printFigure } from './support/figure.ts';

const cases: Record<string, (folder: string, repetitions: number) => Promise<Figure[]>> = {
  orchestrations: orchestrationFigures,
  recovery: recoveryFigures,
  start: startFigures,
  memory: memoryFigures,
};

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    repetitions: { type: 'string', default: '5' },
    only: { type: 'string' },
    data: { type: 'string', default: tmpdir() },
  },
});
const repetitions = Number(values.repetitions);
if (!Number.isInteger(repetitions) || repetitions < 1) throw new Error('--repetitions takes a whole number above 0.');
const names = values.only?.split(',') ?? Object.keys(cases);
for (const name of names) {
  if (!(name in cases)) throw new Error(`--only knows ${Object.keys(cases).join(', ')}; not '${name}'.`);
}

const folder = mkdtempSync(join(values.data, 'engine-bench-'));
const figures: Figure[] = [];
try {
  for (const name of names) {
    const found = await cases[name]!(join(folder, name), repetitions);
    figures.push(...found);
    if (!values.json) found.forEach(printFigure);
  }
} finally {
  closeConnections();
  rmSync(folder, { recursive: true, force: true });
}
if (values.json) {
  const processors = cpus();
  const machine = { processor: processors[0]?.model ?? '', processors: processors.length, node: process.version };
  console.log(JSON.stringify({ machine, repetitions, figures }, null, 2));
}
