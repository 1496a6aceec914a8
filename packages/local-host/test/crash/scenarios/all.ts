import type { Scenario } from '../scenario.ts';
import { counters, locks, session } from './entities.ts';
import { family, fanOut, retry, rounds, sameId, sequence } from './orchestrations.ts';
import { events, timers } from './waiting.ts';

export const scenarios: readonly Scenario[] = [
  sequence,
  fanOut,
  family,
  retry,
  rounds,
  sameId,
  timers,
  events,
  counters,
  locks,
  session,
];

/** Those in which only the host works once all is started: what is stored then grows by nobody's requests. */
export const quietScenarios: readonly Scenario[] = [sequence, fanOut, family, retry, rounds, timers, locks];
