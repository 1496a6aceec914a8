import { arrowsOf } from './draw.ts';
import type { Graph, GraphNode } from './graph.ts';
import type { NodeState, NodeStates } from './graph-json.ts';
import type { AnyWorkflow } from './workflow.ts';

const styles = { solid: 'solid', dashed: 'dashed', thick: 'bold' };
const shapes: Record<GraphNode['kind'], string> = {
  executor: 'box',
  agent: 'oval',
  port: 'hexagon',
  workflow: 'box3d',
};
const colours: Record<NodeState, string> = {
  waiting: '#fff4ce',
  running: '#cfe4fa',
  completed: '#dff6dd',
  failed: '#fde7e9',
};

/** A Graphviz graph of a workflow; inner workflows are clusters beside their node. */
export function toDot({ graph }: AnyWorkflow, states: NodeStates): string {
  const lines = [`digraph ${quoted(graph.name)} {`, '  rankdir=TB;', ...drawGraph(graph, '', states, '  '), '}'];
  return `${lines.join('\n')}\n`;
}

function drawGraph(graph: Graph, prefix: string, states: NodeStates, indent: string): string[] {
  const name = (id: string) => quoted(`${prefix}${id}`);
  const lines: string[] = [];
  for (const { id, kind, executor } of graph.nodes.values()) {
    const state = states[id];
    const colour = state === undefined ? '' : `, style=filled, fillcolor=${quoted(colours[state])}`;
    const label = quoted(id === graph.start ? `${id} (start)` : id);
    lines.push(`${indent}${name(id)} [label=${label}, shape=${shapes[kind]}${colour}];`);
    if (executor.kind !== 'workflow') continue;
    lines.push(`${indent}subgraph ${quoted(`cluster_${prefix}${id}`)} {`, `${indent}  label=${quoted(id)};`);
    lines.push(...drawGraph(executor.workflow.graph, `${prefix}${id}/`, {}, `${indent}  `), `${indent}}`);
    const { start } = executor.workflow.graph;
    lines.push(`${indent}${name(id)} -> ${quoted(`${prefix}${id}/${start}`)} [style=dotted];`);
  }
  for (const { from, to, label, style } of arrowsOf(graph)) {
    const text = label === undefined ? '' : `, label=${quoted(label)}`;
    lines.push(`${indent}${name(from)} -> ${name(to)} [style=${styles[style]}${text}];`);
  }
  return lines;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
