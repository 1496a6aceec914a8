import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

export interface Effect {
  key: string;
  /** Instance id, or key of the entity. */
  instance: string;
  pid: number;
  /** Epoch ms. */
  at: number;
}

export function readEffects(file: string): Effect[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect);
}

export function countByKey(effects: readonly Effect[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of effects) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** What was known outside of the process at the moment it died. */
export interface Crash {
  /** Work that was still stored: only this may run again. */
  keys: Set<string>;
  messages: number;
  effects: Map<string, number>;
}

/**
 * W1: a side effect happens as often as without a crash, and once more for each crash that cut it off between the
 * effect and the commit of its result. What had been committed does not run again.
 */
export function checkEffects(
  actual: ReadonlyMap<string, number>,
  expected: Readonly<Record<string, number>>,
  crashes: readonly Crash[],
): void {
  for (const key of actual.keys()) assert.ok(key in expected, `nobody asked for the effect ${key}`);
  for (const [key, wanted] of Object.entries(expected)) {
    const times = actual.get(key) ?? 0;
    const cutOff = crashes.filter(({ keys, effects }) => keys.has(key) && effects.has(key)).length;
    assert.ok(times >= wanted, `the effect ${key} happened ${times} times, not ${wanted}`);
    assert.ok(
      times <= wanted + cutOff,
      `the effect ${key} happened ${times} times: ${wanted} asked for, ${cutOff} crashes cut it off before its commit`,
    );
  }
  for (const [index, { keys, effects }] of crashes.entries()) {
    for (const [key, before] of effects) {
      if (keys.has(key) || before < (expected[key] ?? 0)) continue;
      const next = crashes[index + 1]?.effects ?? actual;
      assert.equal(next.get(key), before, `${key} was committed before crash ${index + 1} and ran again after it`);
    }
  }
}
