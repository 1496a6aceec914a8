/** What is used of a `.cpuprofile`; times are in microseconds. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

export interface SelfTimes {
  /** Milliseconds in which the process was not idle. */
  busyMs: number;
  /** Self time by part of the program, most first, in milliseconds. */
  parts: [string, number][];
  /** Self time by function, most first, in milliseconds. */
  functions: [string, number][];
}

export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTimes {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let busyMs = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id)!;
    if (functionName === '(idle)') continue;
    const ms = timeDeltas[index]! / 1_000;
    busyMs += ms;
    add(parts, partOf(functionName, url), ms);
    const place = url === '' ? 'native' : `${url.replace(/^.*\/(?=packages\/|node_modules\/)/, '')}:${lineNumber + 1}`;
    add(functions, `${functionName || '(anonymous)'}  ${place}`, ms);
  }
  return { busyMs, parts: ranked(parts), functions: ranked(functions) };
}

const sqlite = new Set(['run', 'exec', 'all', 'get', 'prepare', 'DatabaseSync']);

function partOf(name: string, url: string): string {
  if (url === '') return sqlite.has(name) ? `SQLite ${name}` : name.startsWith('(') ? name : 'other native';
  const own = /packages\/local-host\/src\/(\w+)/.exec(url);
  if (own !== null) return `host ${own[1]}`;
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(url);
  if (dependency !== null) return dependency[1]!;
  return url.startsWith('node:') ? `node:${/^node:(?:internal\/)?(\w+)/.exec(url)?.[1]}` : 'app';
}

function add(sums: Map<string, number>, key: string, ms: number): void {
  sums.set(key, (sums.get(key) ?? 0) + ms);
}

function ranked(sums: Map<string, number>): [string, number][] {
  return [...sums].sort((a, b) => b[1] - a[1]);
}
