import { createHash } from 'node:crypto';
import type { Edge, GraphNode } from './graph.ts';

/** Changed when the meaning of a stored run does. */
const format = 1;

/**
 * Names a definition: 16 hexadecimal digits over the nodes and edges of the graph, inner workflows included. What
 * functions do is not part of it (a build may write them differently), nor are texts and limits.
 */
export function fingerprintOf(definition: {
  name: string;
  version: string | undefined;
  start: string;
  nodes: ReadonlyMap<string, GraphNode>;
  edges: readonly Edge[];
}): string {
  const { name, version = null, start, nodes, edges } = definition;
  const facts = [format, name, version, start, [...nodes.values()].map(nodeFacts), edges.map(edgeFacts)];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

function nodeFacts(node: GraphNode): unknown[] {
  switch (node.kind) {
    case 'executor':
      return [node.kind, node.id, node.executor.responseHandlers.map(({ port }) => port.id)];
    case 'agent':
      return [node.kind, node.id, node.executor.agent.name, node.executor.session];
    case 'workflow':
      return [node.kind, node.id, node.executor.workflow.graph.fingerprint];
    case 'port':
      return [node.kind, node.id];
  }
}

function edgeFacts(edge: Edge): unknown[] {
  switch (edge.kind) {
    case 'direct':
      return [edge.kind, edge.from, edge.to, edge.when !== undefined];
    case 'fanOut':
      return [edge.kind, edge.from, edge.to, edge.select !== undefined];
    case 'switch':
      return [edge.kind, edge.from, edge.cases.map(({ to }) => to), edge.otherwise];
    default:
      return [edge.kind, edge.from, edge.to];
  }
}
