import type { Client } from './client.ts';
import type { Effect } from './effects.ts';

/** Something a client does with the host from begin to end, written so that it can be cut off at any moment. */
export interface Scenario {
  /** Also the prefix of all its ids. */
  name: string;
  run(client: Client): Promise<Played>;
}

export interface Played {
  /** Must be the same with and without a crash. */
  result: unknown;
  /** How often each side effect happens when nothing goes wrong. */
  effects: Record<string, number>;
  /** What else must hold for the effects. */
  check?: (effects: readonly Effect[]) => void;
}

/** Each of these side effects happens once. */
export function once(keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map((key) => [key, 1]));
}
