import type { HubPolicy } from '../../src/hub/hub-policy.ts';
import type { Random } from './random.ts';

/** What kind of run a seed makes. */
export interface Scenario {
  /** Ids of the client's instances. */
  ids: string[];
  /** Those of them that sub-orchestrations use, too. */
  sharedIds: string[];
  requests: number;
  mostSteps: number;
  policy: HubPolicy;
  /** Activities that take the process down. */
  bombs: number;
  faults: Faults;
}

/** How often each fault may strike. */
export interface Faults {
  crashes: number;
  stops: number;
  full: number;
  refused: number;
  jumps: number;
  copies: number;
}

export function drawScenario(random: Random): Scenario {
  const long = random.below(200) === 0;
  const calm = random.chance(25);
  const bombs = random.chance(3) ? 1 : 0;
  const some = (percent: number, most: number) => (!calm && random.chance(percent) ? random.between(1, most) : 0);
  const ids = Array.from({ length: long ? 8 : random.between(1, 3) }, (_, index) => `i${index}`);
  return {
    ids,
    sharedIds: random.chance(20) ? ids.slice(0, 1) : [],
    requests: long ? 40 : random.between(2, 7),
    mostSteps: long ? 8 : 3,
    policy: {
      maxEntityOperationBatchSize: random.chance(30) ? 3 : 1,
      ...(random.chance(20) && { maxConcurrentActivities: 1 }),
      ...(random.chance(20) && { maxConcurrentOrchestrators: random.between(1, 2) }),
      ...(random.chance(20) && { maxConcurrentEntities: random.between(1, 2) }),
      ...(random.chance(15) && { overridable: 'AnyState' as const }),
    },
    bombs,
    faults: {
      // After five crashes innocent work is set aside as well, so there are fewer; a bomb brings its own.
      crashes: bombs > 0 ? 0 : some(50, 4),
      stops: bombs > 0 ? 0 : some(15, 2),
      full: some(30, 3),
      refused: some(20, 3),
      jumps: some(20, 3),
      copies: some(10, 10),
    },
  };
}
