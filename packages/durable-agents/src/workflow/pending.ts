import type { JsonSchema } from '../json.ts';
import type { Graph } from './graph.ts';
import type { AnyRequestPort } from './request-port.ts';
import type { PendingRequest } from './run-state.ts';

/** A request that waits for an answer, as callers see it. */
export interface RequestView extends PendingRequest {
  /** JSON Schema of an answer, where the port can say it. */
  responseSchema?: JsonSchema;
}

/** A request's place: nodes of sub-workflows, from the outermost, and its own id there. */
export interface RequestPath {
  children: { executorId: string; ordinal: number }[];
  requestId: string;
}

/** `{node}~{ordinal}~{request}`, once more for each level. */
export function qualify(executorId: string, ordinal: number, id: string): string {
  return `${executorId}~${ordinal}~${id}`;
}

/** Reads a qualified id; undefined if it cannot be one. */
export function parseQualified(id: string): RequestPath | undefined {
  const parts = id.split('~');
  const requestId = parts.pop() as string;
  if (parts.length % 2 !== 0) return undefined;
  const children: RequestPath['children'] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const ordinal = parts[at + 1] as string;
    if (!/^\d{1,9}$/.test(ordinal)) return undefined;
    children.push({ executorId: parts[at] as string, ordinal: Number(ordinal) });
  }
  return { children, requestId };
}

/** The port that a request, also one in a sub-workflow, was asked through. */
export function portAt(graph: Graph, path: RequestPath, portId: string): AnyRequestPort | undefined {
  let inner = graph;
  for (const { executorId } of path.children) {
    const node = inner.nodes.get(executorId);
    if (node?.kind !== 'workflow') return undefined;
    inner = node.executor.workflow.graph;
  }
  return inner.ports.get(portId);
}

export function viewRequest(graph: Graph, request: PendingRequest): RequestView {
  const responseSchema = graph.ports.get(request.portId)?.responseJsonSchema;
  return { ...request, ...(responseSchema && { responseSchema }) };
}
