/*
 * Where the host's time goes: runs one kind of work under node's CPU profiler and prints the self time by part and by
 * function. `profile.ts [sequence | fanOut] [--clients N] [--count N] [--keep DIR]`; shares are of the time it was busy.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { closeConnections, expect } from './support/client.ts';
import { type CpuProfile, selfTimes } from './support/cpu-profile.ts';
import { rate } from './support/measure.ts';
import { ServerProcess } from './support/server-process.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clients: { type: 'string', default: '32' },
    count: { type: 'string', default: '3000' },
    keep: { type: 'string' },
  },
});
const [name = 'sequence'] = positionals;
const clients = Number(values.clients);
const folder = mkdtempSync(join(tmpdir(), 'engine-profile-'));
const profiles = values.keep ?? join(folder, 'profiles');
mkdirSync(profiles, { recursive: true });
try {
  const host = await ServerProcess.host({
    data: join(folder, 'data'),
    nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${profiles}`],
  });
  const url = `${host.url}/runtime/webhooks/durabletask/orchestrators/${name}?timeout=30&pollingInterval=1`;
  const perSecond = await rate(clients, Math.ceil(Number(values.count) / clients), () =>
    expect(200, 'POST', url, '{}'),
  );
  await host.stop();
  const [file] = readdirSync(profiles).filter((entry) => entry.endsWith('.cpuprofile'));
  const { busyMs, parts, functions } = selfTimes(JSON.parse(readFileSync(join(profiles, file!), 'utf8')) as CpuProfile);
  console.log(
    `${name}, ${clients} at once, under the profiler: ${perSecond.toFixed(0)}/s, busy ${busyMs.toFixed(0)} ms`,
  );
  const table = (entries: [string, number][]) => {
    for (const [what, ms] of entries) {
      console.log(`${((100 * ms) / busyMs).toFixed(1).padStart(6)} %  ${ms.toFixed(0).padStart(6)} ms  ${what}`);
    }
  };
  table(parts);
  console.log('');
  table(functions.slice(0, 40));
} finally {
  closeConnections();
  rmSync(folder, { recursive: true, force: true });
}
