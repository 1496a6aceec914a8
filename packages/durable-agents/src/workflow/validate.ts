import { type Edge, type Graph, type GraphNode, sourcesOf, targetsOf } from './graph.ts';
import { allPorts } from './ports.ts';
import { type Problem, problem, warning } from './problem.ts';

const AsyncFunction = (async () => {}).constructor;

/** Ids that mean two things. */
export function* nodeProblems(named: readonly GraphNode[], graph: Graph): Generator<Problem> {
  const reported = new Set<string>();
  for (const node of named) {
    if (graph.nodes.get(node.id)?.executor === node.executor || reported.has(node.id)) continue;
    reported.add(node.id);
    yield problem('duplicateExecutor', `Two executors have the id "${node.id}".`, 'Give one of them another id.');
  }
  const ports = new Set(allPorts(graph.nodes.values()));
  for (const port of ports) {
    if (graph.ports.get(port.id) !== port) {
      yield problem('duplicatePort', `Two request ports have the id "${port.id}".`, 'Give one of them another id.');
    }
  }
  yield* nameProblems(graph);
}

/** Each name of a workflow, at any depth, must stand for one definition: hosts register by name. */
function* nameProblems(graph: Graph): Generator<Problem> {
  const seen = new Map<string, string>([[graph.name.toLowerCase?.() ?? '', graph.fingerprint]]);
  const visit = function* (inner: Graph): Generator<Problem> {
    for (const node of inner.nodes.values()) {
      if (node.kind !== 'workflow') continue;
      const { graph: child } = node.executor.workflow;
      const known = seen.get(child.name.toLowerCase());
      if (known !== undefined && known !== child.fingerprint) {
        yield problem(
          'duplicateWorkflow',
          `Two workflows have the name "${child.name}" (executor "${node.id}").`,
          'Rename one of them.',
        );
      }
      seen.set(child.name.toLowerCase(), child.fingerprint);
      yield* visit(child);
    }
  };
  yield* visit(graph);
}

/** Edges that cannot be. */
export function* edgeProblems(graph: Graph): Generator<Problem> {
  const seen = new Set<string>();
  for (const edge of graph.edges) {
    yield* shapeProblems(edge);
    for (const [key, name] of edgeKeys(edge)) {
      if (seen.has(key)) yield problem('duplicateEdge', `There are two ${name}.`, 'Remove one of them.');
      seen.add(key);
    }
  }
}

function* edgeKeys(edge: Edge): Generator<[string, string]> {
  const ends = `${JSON.stringify([sourcesOf(edge), targetsOf(edge)])}`;
  if (edge.kind === 'direct') yield [`direct ${ends}`, `edges from "${edge.from}" to "${edge.to}"`];
  if (edge.kind === 'timeout') yield [`timeout ${edge.from}`, `timeout edges from "${edge.from}"`];
  if (edge.kind === 'fanIn') yield [`fanIn ${ends}`, `fan-ins from ${list(edge.from)} to "${edge.to}"`];
  if (edge.kind === 'fanOut' && edge.select === undefined) {
    yield [`fanOut ${ends}`, `fan-outs from "${edge.from}" to ${list(edge.to)}`];
  }
}

function* shapeProblems(edge: Edge): Generator<Problem> {
  if (edge.kind === 'fanOut' && edge.to.length < 2) {
    yield problem('fanOutTargets', `The fan-out from "${edge.from}" needs two targets or more.`, 'Use addEdge.');
  }
  if (edge.kind === 'fanIn' && edge.from.length < 2) {
    yield problem(
      'fanInSources',
      `The fan-in to "${edge.to}" has ${edge.from.length} source; it needs two or more.`,
      'Use addEdge.',
    );
  }
  const ends = edge.kind === 'fanOut' ? edge.to : edge.kind === 'fanIn' ? edge.from : [];
  if (new Set(ends).size < ends.length) {
    yield problem('duplicateEdge', `${title(edge)} names an executor twice.`, 'Name each one once.');
  }
  if (edge.kind === 'switch') {
    if (edge.otherwise === '') {
      yield problem('switchDefault', `${title(edge)} needs exactly one default.`, 'End it with .default(target).');
    }
    if (edge.cases.length === 0) {
      yield problem('switchCases', `${title(edge)} has no case.`, 'Add .case(condition, target), or use addEdge.');
    }
  }
  yield* functionProblems(edge);
  for (const { maxPasses, to } of edge.kind === 'switch' ? edge.cases : edge.kind === 'direct' ? [edge] : []) {
    if (maxPasses !== undefined && !(Number.isInteger(maxPasses) && maxPasses >= 1)) {
      const message = `maxPasses of the edge from "${sourcesOf(edge)[0]}" to "${to}" is ${maxPasses}.`;
      yield problem('invalidOption', message, 'Use a whole number of at least 1.');
    }
  }
}

function* functionProblems(edge: Edge): Generator<Problem> {
  const functions: unknown[] =
    edge.kind === 'direct'
      ? [edge.when]
      : edge.kind === 'fanOut'
        ? [edge.select]
        : edge.kind === 'switch'
          ? edge.cases.map(({ when }) => when)
          : [];
  for (const fn of functions) {
    if (fn === undefined) continue;
    if (typeof fn !== 'function') {
      yield problem(
        'invalidCondition',
        `A condition of ${title(edge)} is not a function.`,
        'Pass (message) => boolean.',
      );
    } else if (fn instanceof AsyncFunction) {
      yield problem(
        'asyncCondition',
        `A condition of ${title(edge)} is async. Conditions run in the orchestrator, which cannot wait.`,
        'Decide in an executor before it, and put the decision into the message.',
      );
    }
  }
}

/** What cannot be reached, and what looks wrong but may be meant. */
export function* reachProblems(graph: Graph): Generator<Problem> {
  const reached = new Set([graph.start]);
  // Sets visit what is added while they are walked.
  for (const id of reached) {
    for (const edge of graph.edges) {
      if (sourcesOf(edge).includes(id)) for (const target of targetsOf(edge)) reached.add(target);
    }
  }
  for (const id of graph.nodes.keys()) {
    if (reached.has(id)) continue;
    yield problem(
      'unreachable',
      `No way leads from the start "${graph.start}" to "${id}".`,
      `Add an edge to "${id}", or remove it.`,
    );
  }
  for (const edge of graph.edges) {
    if (edge.kind === 'direct' && edge.from === edge.to && edge.maxPasses === undefined && edge.when === undefined) {
      yield warning(
        'unboundedLoop',
        `"${edge.from}" sends to itself without a bound.`,
        'Give the edge a condition (when) or a bound (maxPasses).',
      );
    }
    if (edge.kind === 'fanIn') yield* joinWarnings(graph, edge);
    if (edge.kind === 'timeout' && graph.ports.get(edge.from)?.timeoutMs === undefined) {
      yield warning('noTimeout', `The port "${edge.from}" has a timeout edge and no timeout.`, 'Set its timeoutMs.');
    }
  }
}

/** A fan-in whose sources are branches of one switch gets a message from only one of them. */
function* joinWarnings(graph: Graph, join: Edge & { kind: 'fanIn' }): Generator<Problem> {
  for (const edge of graph.edges) {
    if (edge.kind !== 'switch') continue;
    const branches = targetsOf(edge).filter((id) => join.from.includes(id) && onlyReachedBy(graph, id, edge));
    if (branches.length < 2) continue;
    yield warning(
      'joinNeverFills',
      `The fan-in to "${join.to}" waits for ${list(branches)}, of which the switch behind "${edge.from}" takes only one a message.`,
      'Use edges instead of the fan-in, or a fan-out instead of the switch.',
    );
  }
}

function onlyReachedBy(graph: Graph, id: string, edge: Edge): boolean {
  return graph.start !== id && graph.edges.every((other) => other === edge || !targetsOf(other).includes(id));
}

function title(edge: Edge): string {
  const names = { direct: 'edge', fanOut: 'fan-out', switch: 'switch', fanIn: 'fan-in', timeout: 'timeout edge' };
  return edge.kind === 'fanIn' ? `The fan-in to "${edge.to}"` : `The ${names[edge.kind]} from "${edge.from}"`;
}

function list(ids: readonly string[]): string {
  return ids.map((id) => `"${id}"`).join(', ');
}
