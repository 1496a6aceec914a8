import type { GraphNode } from './graph.ts';
import type { AnyRequestPort } from './request-port.ts';

/** All ports that the nodes ask through, by id; of two with the same id the first. */
export function portsOf(nodes: Iterable<GraphNode>): Map<string, AnyRequestPort> {
  const ports = new Map<string, AnyRequestPort>();
  for (const port of allPorts(nodes)) if (!ports.has(port.id)) ports.set(port.id, port);
  return ports;
}

export function* allPorts(nodes: Iterable<GraphNode>): Generator<AnyRequestPort> {
  for (const node of nodes) {
    if (node.kind === 'port') yield node.executor;
    if (node.kind === 'executor') for (const { port } of node.executor.responseHandlers) yield port;
  }
}
