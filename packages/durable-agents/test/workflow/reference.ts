import { type EdgeSpec, type GraphSpec, maxSupersteps, sources, sum, takes } from './random-graph.ts';

interface Message {
  to: number;
  value: number | number[];
}

/** How a graph of specs runs, told as simply as it can be: no effects, no drivers, one loop. */
export function reference({ nodes, edges, order }: GraphSpec, input: number) {
  const outputs: unknown[] = [];
  const passes = new Map<EdgeSpec, number>();
  const joins = new Map<EdgeSpec, Map<number, number[]>>();
  let state: Record<string, number> = {};
  let queue: Message[] = [{ to: 0, value: input }];
  let supersteps = 0;

  function send(from: number, value: number): void {
    for (const edge of edges.filter((one) => sources(one).includes(from))) {
      const go = (to: number) => queue.push({ to, value });
      if (edge.kind === 'direct') {
        if (!takes(edge.mod, value)) continue;
        const count = passes.get(edge) ?? 0;
        if (edge.maxPasses !== undefined && count >= edge.maxPasses) continue;
        passes.set(edge, count + 1);
        go(edge.to);
      } else if (edge.kind === 'fanOut') {
        for (const to of takes(edge.mod, value) ? edge.to : edge.to.slice(0, 1)) go(to);
      } else if (edge.kind === 'switch') {
        go(edge.cases.find(({ mod }) => takes(mod, value))?.to ?? edge.otherwise);
      } else {
        const held = joins.get(edge) ?? new Map<number, number[]>();
        held.set(from, [...(held.get(from) ?? []), value]);
        joins.set(edge, held);
      }
    }
  }

  function fire(): void {
    for (const edge of edges) {
      const held = joins.get(edge);
      if (edge.kind !== 'fanIn' || held?.size !== edge.from.length) continue;
      joins.delete(edge);
      queue.push({ to: edge.to, value: edge.from.flatMap((from) => held.get(from) as number[]) });
    }
  }

  while (queue.length > 0) {
    // Loops that double their messages take too long to be worth it.
    if (queue.length > 200) return undefined;
    if (supersteps === maxSupersteps) return { status: 'superstepLimit', outputs, supersteps };
    supersteps++;
    const work = queue;
    queue = [];
    const written: Record<string, number> = {};
    const asked: [number, number][] = [];
    for (const index of order) {
      const spec = nodes[index]!;
      const own: Record<string, number> = {};
      for (const message of work.filter(({ to }) => to === index)) {
        const value = sum(message.value);
        if (spec.isPort) {
          asked.push([index, value]);
          continue;
        }
        const seen = () => ({ ...state, ...own });
        if (spec.writes !== undefined) own[`k${spec.writes}`] = (seen()[`k${spec.writes}`] ?? 0) + value;
        if (spec.yields) outputs.push([index, value, seen().k0 ?? null, seen().k1 ?? null]);
        for (let copy = 0; copy < spec.sends; copy++) send(index, value + spec.add + copy);
      }
      Object.assign(written, own);
    }
    state = { ...state, ...written };
    fire();
    // Every question is answered at once, with one more than was asked.
    for (const [index, value] of asked) {
      if (edges.some((edge) => sources(edge).includes(index))) send(index, value + 1);
      else outputs.push(value + 1);
    }
    fire();
  }
  const status = joins.size > 0 && outputs.length === 0 ? 'joinNeverFilled' : 'completed';
  return { status, outputs, supersteps };
}
