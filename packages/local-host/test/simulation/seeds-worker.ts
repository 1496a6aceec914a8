import { parentPort, workerData } from 'node:worker_threads';
import { Markers } from './judge.ts';
import { runSeed } from './run.ts';

export interface SeedRange {
  first: number;
  count: number;
}

export interface SeedReport {
  failures: string[];
  markers: Map<string, number>;
}

/** A few failures are enough to read. */
const mostFailures = 3;

// In a thread of its own: under the test runner every promise is tracked, which makes runs half as fast.
const { first, count } = workerData as SeedRange;
const report: SeedReport = { failures: [], markers: new Map() };
const markers = new Markers();
for (let seed = first; seed < first + count && report.failures.length < mostFailures; seed++) {
  const failure = await runSeed(seed, markers);
  if (failure !== undefined) report.failures.push(failure.message);
}
report.markers = markers.counts;
parentPort!.postMessage(report);
