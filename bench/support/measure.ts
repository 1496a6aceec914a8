/** Milliseconds of each of `count` calls, made one after the other. */
export async function timed(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await call();
    times.push(performance.now() - from);
  }
  return times;
}

/** Calls a second, with `clients` of them at once. */
export async function rate(clients: number, each: number, call: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await Promise.all(Array.from({ length: clients }, () => timed(each, call)));
  return (clients * each * 1000) / (performance.now() - from);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Asks until the answer is yes. @throws Error naming what never came */
export async function until(what: string, probe: () => Promise<boolean> | boolean, pauseMs: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error(`Waited too long for ${what}.`);
    await pause(pauseMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
