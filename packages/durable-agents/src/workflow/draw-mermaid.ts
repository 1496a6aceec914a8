import { arrowsOf } from './draw.ts';
import type { GraphNode } from './graph.ts';
import type { NodeState, NodeStates } from './graph-json.ts';
import type { AnyWorkflow } from './workflow.ts';

const arrowForms = { solid: '-->', dashed: '-.->', thick: '==>' };
const colours: Record<NodeState, string> = {
  waiting: 'fill:#fff4ce,stroke:#9d5d00',
  running: 'fill:#cfe4fa,stroke:#0f548c',
  completed: 'fill:#dff6dd,stroke:#0e700e',
  failed: 'fill:#fde7e9,stroke:#b10e1c',
};

/** A Mermaid flow chart of a workflow; inner workflows are drawn as boxes around their nodes. */
export function toMermaid(workflow: AnyWorkflow, states: NodeStates): string {
  const lines = ['flowchart TD', ...drawNodes(workflow, 'n', states, '  ')];
  for (const state of new Set(Object.values(states))) lines.push(`  classDef ${state} ${colours[state]}`);
  return `${lines.join('\n')}\n`;
}

function drawNodes({ graph }: AnyWorkflow, prefix: string, states: NodeStates, indent: string): string[] {
  // Ids of nodes may have any characters; Mermaid's may not.
  const name = (id: string) => `${prefix}${graph.order.get(id)}`;
  const lines: string[] = [];
  for (const node of graph.nodes.values()) {
    const state = states[node.id];
    const suffix = state === undefined ? '' : `:::${state}`;
    if (node.kind === 'workflow') {
      lines.push(`${indent}subgraph ${name(node.id)}[${quoted(node.id)}]`);
      lines.push(...drawNodes(node.executor.workflow, `${name(node.id)}_`, {}, `${indent}  `));
      lines.push(`${indent}end`);
      if (state !== undefined) lines.push(`${indent}class ${name(node.id)} ${state}`);
    } else {
      lines.push(`${indent}${name(node.id)}${shape(node, node.id === graph.start)}${suffix}`);
    }
  }
  for (const { from, to, label, style } of arrowsOf(graph)) {
    const text = label === undefined ? '' : `|${quoted(label)}|`;
    lines.push(`${indent}${name(from)} ${arrowForms[style]}${text} ${name(to)}`);
  }
  return lines;
}

function shape(node: GraphNode, isStart: boolean): string {
  const label = quoted(isStart ? `${node.id} (start)` : node.id);
  if (node.kind === 'port') return `{{${label}}}`;
  return node.kind === 'agent' ? `([${label}])` : `[${label}]`;
}

/** Mermaid reads entities in quoted text: what is not plain goes in as one, so that no label can end its quotes. */
function quoted(text: string): string {
  return `"${text.replace(/[^\p{L}\p{N} ._:,()+-]/gu, (character) => `#${character.codePointAt(0)};`)}"`;
}
