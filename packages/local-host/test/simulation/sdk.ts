import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AppExecutor } from '../../src/durable/app-executor.ts';
import { loadApp } from '../../src/functions/app-loader.ts';
import type { FunctionsApp } from '../../src/functions/functions-app.ts';
import { Markers } from './judge.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

export interface SdkRuns {
  /** The trace of a run whose programs the SDK plays. */
  sdk(seed: number): Promise<string[]>;
  /** The trace of the same run with the small runtime. */
  small(seed: number): Promise<string[]>;
}

let loaded: Promise<FunctionsApp> | undefined;

/** Loads the programs as an app of the SDK; only once a process can do that. */
export async function sdkRuns(strict: boolean): Promise<SdkRuns> {
  loaded ??= loadApp({ appDirectory: fileURLToPath(new URL('./app', import.meta.url)) });
  const app = await loaded;
  const executor = new AppExecutor(app, { strict });
  const pending = new Set<Promise<unknown>>();
  const settled = async () => {
    while (pending.size > 0) {
      await Promise.allSettled([...pending]);
      await setImmediate();
    }
  };
  return {
    sdk: (seed) =>
      trace(seed, {
        settled,
        orchestrator: (instance, history) => {
          const outcome = executor.runOrchestrator(instance, history);
          pending.add(outcome);
          void outcome.finally(() => pending.delete(outcome));
          return outcome;
        },
      }),
    small: (seed) => trace(seed, { settled }),
  };
}

async function trace(seed: number, options: Partial<SimulationOptions>): Promise<string[]> {
  const lines: string[] = [];
  const run = new Simulation(seed, { markers: new Markers(), trace: (line) => lines.push(line), ...options });
  const violation = await run.run();
  if (violation !== undefined) lines.push(violation.message);
  return named(lines);
}

/** Ids are given out in another order when the SDK takes some of them: what counts is which are equal. */
function named(lines: readonly string[]): string[] {
  const names = new Map<string, string>();
  return lines.map((line) =>
    line.replace(/lock \S+ \d{13} \d+|[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/g, (id) => {
      let name = names.get(id);
      if (name === undefined) {
        name = `#${names.size}`;
        names.set(id, name);
      }
      return name;
    }),
  );
}
