import fc from 'fast-check';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { RequestPort } from '../../src/workflow/request-port.ts';
import type { Workflow } from '../../src/workflow/workflow.ts';
import { node } from './support.ts';

/** What an executor does with a number; a list counts as its sum. */
export interface NodeSpec {
  isPort: boolean;
  add: number;
  sends: number;
  yields: boolean;
  writes: number | undefined;
  /** Turns of the event loop that it takes: must not matter. */
  turns: number;
}

export type EdgeSpec =
  | { kind: 'direct'; from: number; to: number; mod: number; maxPasses: number | undefined }
  | { kind: 'fanOut'; from: number; to: number[]; mod: number }
  | { kind: 'switch'; from: number; cases: { to: number; mod: number }[]; otherwise: number }
  | { kind: 'fanIn'; from: number[]; to: number };

export interface GraphSpec {
  nodes: NodeSpec[];
  edges: EdgeSpec[];
  /** Numbers of the nodes that can be reached, in the order in which the builder meets them. */
  order: number[];
}

export const maxSupersteps = 10;

/** Whether a condition with this modulus takes a number; 0 takes all. */
export const takes = (mod: number, value: number) => mod === 0 || value % mod === 0;

export const sum = (message: unknown): number =>
  Array.isArray(message) ? message.reduce((total: number, one) => total + sum(one), 0) : (message as number);

const nodeSpec = fc.record({
  isPort: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  add: fc.integer({ min: 0, max: 3 }),
  sends: fc.integer({ min: 0, max: 2 }),
  yields: fc.boolean(),
  writes: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
  turns: fc.integer({ min: 0, max: 3 }),
});

function edgeSpec(count: number): fc.Arbitrary<EdgeSpec> {
  const at = fc.nat(count - 1);
  const some = fc.uniqueArray(at, { minLength: 2, maxLength: 3 });
  const mod = fc.integer({ min: 0, max: 3 });
  return fc.oneof(
    fc.record({
      kind: fc.constant('direct' as const),
      from: at,
      to: at,
      mod,
      maxPasses: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('fanOut' as const), from: at, to: some, mod }),
    fc.record({
      kind: fc.constant('switch' as const),
      from: at,
      cases: fc.array(fc.record({ to: at, mod: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 2 }),
      otherwise: at,
    }),
    fc.record({ kind: fc.constant('fanIn' as const), from: some, to: at }),
  );
}

export const graphSpec: fc.Arbitrary<GraphSpec> = fc.integer({ min: 2, max: 6 }).chain((count) =>
  fc
    .record({
      nodes: fc.array(nodeSpec, { minLength: count, maxLength: count }),
      edges: fc.uniqueArray(edgeSpec(count), { minLength: 1, maxLength: 9, selector: edgeKey }),
    })
    .map(({ nodes, edges }) => reachable(nodes, edges)),
);

/** Direct edges with the same ends are the same to a builder, whatever their condition. */
function edgeKey(edge: EdgeSpec): string {
  return edge.kind === 'direct' ? `direct ${edge.from} ${edge.to}` : JSON.stringify(edge);
}

export const sources = (edge: EdgeSpec) => (edge.kind === 'fanIn' ? edge.from : [edge.from]);

function targets(edge: EdgeSpec): number[] {
  if (edge.kind === 'fanOut') return edge.to;
  return edge.kind === 'switch' ? [...edge.cases.map(({ to }) => to), edge.otherwise] : [edge.to];
}

/** Leaves out what the builder would refuse as unreachable. */
function reachable(nodes: NodeSpec[], all: EdgeSpec[]): GraphSpec {
  const reached = new Set([0]);
  for (const id of reached) {
    for (const edge of all) if (sources(edge).includes(id)) for (const to of targets(edge)) reached.add(to);
  }
  const edges = all.filter((edge) => sources(edge).every((id) => reached.has(id)));
  // Without a fan-in that was left out, others may be out of reach.
  if (edges.length < all.length) return reachable(nodes, edges);
  const order = [...new Set([0, ...edges.flatMap((edge) => [...sources(edge), ...targets(edge)])])];
  return { nodes, edges, order };
}

/** The graph as a workflow whose executors do what their specs say. */
export function workflowOf({ nodes, edges }: GraphSpec): Workflow<unknown, unknown> {
  const made = nodes.map((spec, index) => {
    const id = `n${index}`;
    if (spec.isPort) return RequestPort.create({ id });
    return node(id, async (message, ctx) => {
      for (let turn = 0; turn < spec.turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      const value = sum(message);
      if (spec.writes !== undefined) {
        const key = `k${spec.writes}`;
        ctx.setState(key, ((ctx.getState(key) as number) ?? 0) + value);
      }
      if (spec.yields) ctx.yieldOutput([index, value, ctx.getState('k0') ?? null, ctx.getState('k1') ?? null]);
      for (let copy = 0; copy < spec.sends; copy++) ctx.sendMessage(value + spec.add + copy);
    });
  });
  const at = (index: number) => made[index] as ReturnType<typeof node>;
  const builder = new WorkflowBuilder({ name: 'w', start: at(0), maxSupersteps });
  for (const edge of edges) {
    switch (edge.kind) {
      case 'direct': {
        const { mod, maxPasses } = edge;
        builder.addEdge(at(edge.from), at(edge.to), { when: (message) => takes(mod, message as number), maxPasses });
        break;
      }
      case 'fanOut':
        builder.addFanOut(at(edge.from), edge.to.map(at), {
          select: (message, ids) => (takes(edge.mod, message as number) ? ids : ids.slice(0, 1)),
        });
        break;
      case 'switch':
        builder.addSwitch(at(edge.from), (on) => {
          for (const { to, mod } of edge.cases) on.case((message) => takes(mod, message as number), at(to));
          on.default(at(edge.otherwise));
        });
        break;
      case 'fanIn':
        builder.addFanIn(edge.from.map(at), at(edge.to));
        break;
    }
  }
  return builder.build();
}
