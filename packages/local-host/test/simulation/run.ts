import type { Markers, Violation } from './judge.ts';
import { Simulation } from './simulation.ts';

/** Runs a seed. @returns its violation with the seed and the trace, which come from running it a second time */
export async function runSeed(seed: number, markers: Markers): Promise<Error | undefined> {
  const violation = await new Simulation(seed, { markers }).run();
  return violation && report(seed, markers, violation);
}

async function report(seed: number, markers: Markers, violation: Violation): Promise<Error> {
  const { lines, violation: again } = await traced(seed, markers);
  const repeated = again?.message === violation.message ? '' : `\nA second run ended otherwise: ${again?.message}`;
  return new Error(
    `${violation.message}${repeated}\nReplay: SIM_SEED=${seed}. Trace (step, what happened):\n${lines.join('\n')}`,
  );
}

export async function traced(seed: number, markers: Markers): Promise<{ lines: string[]; violation?: Violation }> {
  const lines: string[] = [];
  const violation = await new Simulation(seed, { markers, trace: (line) => lines.push(line) }).run();
  return { lines, ...(violation && { violation }) };
}
