import type { WorkflowOptions } from './builder.ts';
import { WorkflowBuildError, type WorkflowProblem } from './errors.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Edge, type Graph, type GraphNode, sourcesOf } from './graph.ts';
import type { WorkflowNode } from './node-types.ts';
import { portsOf } from './ports.ts';
import { nodeOf } from './to-node.ts';
import { edgeProblems, nodeProblems, reachProblems } from './validate.ts';
import { optionProblems } from './validate-options.ts';
import { typeProblems } from './validate-types.ts';

/** @throws WorkflowBuildError */
export function makeGraph(
  options: WorkflowOptions<WorkflowNode>,
  named: readonly WorkflowNode[],
  edges: readonly Edge[],
): { graph: Graph; warnings: readonly WorkflowProblem[] } {
  const list = named.map(nodeOf);
  const nodes = new Map<string, GraphNode>();
  for (const node of list) if (!nodes.has(node.id)) nodes.set(node.id, node);
  const ids = (some: readonly (string | WorkflowNode)[] | undefined) =>
    some && new Set(some.map((one) => (typeof one === 'string' ? one : nodeOf(one).id)));
  const definition = {
    name: options.name,
    version: options.version,
    start: nodeOf(options.start).id,
    nodes,
    edges: Object.freeze([...edges]),
  };
  const graph: Graph = {
    ...definition,
    edgesFrom: edgesFrom(edges),
    order: new Map([...nodes.keys()].map((id, index) => [id, index])),
    ports: portsOf(nodes.values()),
    maxSupersteps: options.maxSupersteps ?? 100,
    outputFrom: ids(options.outputFrom),
    intermediateOutputFrom: ids(options.intermediateOutputFrom),
    unhandled: options.unhandled ?? 'fail',
    onFailure: options.onFailure ?? 'fail',
    unfilledJoin: options.unfilledJoin ?? 'fail',
    fingerprint: fingerprintOf(definition),
  };
  const errors = [...optionProblems(options, graph), ...nodeProblems(list, graph), ...edgeProblems(graph)];
  // Where edges lead nowhere, what cannot be reached says nothing new.
  if (errors.length === 0) errors.push(...reachProblems(graph), ...typeProblems(graph));
  const [first, ...others] = errors.filter(({ isWarning }) => !isWarning);
  if (first !== undefined) throw new WorkflowBuildError(String(options.name), [first, ...others]);
  return { graph, warnings: errors.map(({ code, message, fix }) => ({ code, message, fix })) };
}

function edgesFrom(edges: readonly Edge[]): Map<string, Edge[]> {
  const result = new Map<string, Edge[]>();
  for (const edge of edges) {
    if (edge.kind === 'timeout') continue;
    for (const source of sourcesOf(edge)) result.set(source, [...(result.get(source) ?? []), edge]);
  }
  return result;
}
