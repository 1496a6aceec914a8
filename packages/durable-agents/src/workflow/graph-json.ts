import type { JsonObject } from '../json.ts';
import { type Edge, type GraphNode, outputKind } from './graph.ts';
import { jsonSchemaOf } from './schema.ts';
import type { AnyWorkflow } from './workflow.ts';

/** How a node stands in a run, for views. */
export type NodeState = 'waiting' | 'running' | 'completed' | 'failed';

/** Node id → how it stands. */
export type NodeStates = Readonly<Record<string, NodeState>>;

/** A workflow's graph as JSON. Inner workflows have theirs in `workflow`. */
export function graphJson({ graph, description }: AnyWorkflow, states: NodeStates): JsonObject {
  return {
    name: graph.name,
    ...(graph.version !== undefined && { version: graph.version }),
    ...(description !== undefined && { description }),
    fingerprint: graph.fingerprint,
    start: graph.start,
    maxSupersteps: graph.maxSupersteps,
    nodes: [...graph.nodes.values()].map((node) => ({
      ...nodeJson(node),
      ...(node.kind !== 'port' && { yields: outputKind(graph, node.id) }),
      ...(states[node.id] !== undefined && { state: states[node.id] }),
    })),
    edges: graph.edges.map(edgeJson),
  };
}

function nodeJson(node: GraphNode): JsonObject {
  const { id, kind, executor } = node;
  const facts: JsonObject = {
    id,
    kind,
    ...(executor.description !== undefined && { description: executor.description }),
  };
  switch (node.kind) {
    case 'executor': {
      const ports = node.executor.responseHandlers.map(({ port }) => port.id);
      return { ...facts, ...(ports.length > 0 && { ports }) };
    }
    case 'agent':
      return { ...facts, agent: node.executor.agent.name };
    case 'workflow':
      return { ...facts, workflow: graphJson(node.executor.workflow, {}) };
    case 'port': {
      const { request, responseJsonSchema, timeoutMs } = node.executor;
      const requestSchema = jsonSchemaOf(request);
      return {
        ...facts,
        ...(requestSchema && { requestSchema }),
        ...(responseJsonSchema && { responseSchema: responseJsonSchema }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      };
    }
  }
}

function edgeJson(edge: Edge): JsonObject {
  const { id, kind } = edge;
  switch (edge.kind) {
    case 'direct':
      return {
        ...{ id, kind, from: edge.from, to: edge.to, conditional: edge.when !== undefined },
        ...(edge.maxPasses !== undefined && { maxPasses: edge.maxPasses }),
        ...(edge.label !== undefined && { label: edge.label }),
      };
    case 'fanOut':
      return { id, kind, from: edge.from, to: [...edge.to], selective: edge.select !== undefined };
    case 'switch':
      return {
        ...{ id, kind, from: edge.from },
        cases: edge.cases.map(({ to, label, maxPasses }) => ({
          to,
          ...(maxPasses !== undefined && { maxPasses }),
          ...(label !== undefined && { label }),
        })),
        default: edge.otherwise,
      };
    case 'fanIn':
      return { id, kind, from: [...edge.from], to: edge.to };
    case 'timeout':
      return { id, kind, from: edge.from, to: edge.to };
  }
}
