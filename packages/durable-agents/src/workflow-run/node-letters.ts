import type { WorkflowEvent } from '../workflow/events.ts';
import type { Graph } from '../workflow/graph.ts';
import type { NodeState } from '../workflow/graph-json.ts';

/*
 * How the nodes of a run stand, a letter for each in graph order: thousands of nodes fit into a status.
 */

const letters: Record<NodeState, string> = { running: 'r', completed: 'c', failed: 'f', waiting: 'w' };
const none = '-';

export function newLetters(graph: Graph): string {
  return none.repeat(graph.nodes.size);
}

/** The letters after an event. */
export function lettersAfter(graph: Graph, nodes: string, event: WorkflowEvent): string {
  const state = stateAfter(event);
  const executorId = 'executorId' in event ? event.executorId : undefined;
  const index = executorId === undefined ? undefined : graph.order.get(executorId);
  if (state === undefined || index === undefined) return nodes;
  return nodes.slice(0, index) + letters[state] + nodes.slice(index + 1);
}

function stateAfter(event: WorkflowEvent): NodeState | undefined {
  switch (event.type) {
    case 'executorInvoked':
      return 'running';
    case 'executorCompleted':
    case 'requestAnswered':
      return 'completed';
    case 'executorFailed':
      return event.retryInMs === undefined ? 'failed' : 'running';
    case 'requestInfo':
      return 'waiting';
    default:
      return undefined;
  }
}

/** The states behind the letters. Nodes that have not run are left out. */
export function readLetters(graph: Graph, nodes: string): Record<string, NodeState> {
  const states = Object.entries(letters) as [NodeState, string][];
  const found: Record<string, NodeState> = {};
  for (const [id, index] of graph.order) {
    const state = states.find(([, letter]) => letter === nodes[index])?.[0];
    if (state !== undefined) found[id] = state;
  }
  return found;
}
