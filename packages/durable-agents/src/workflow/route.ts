import type { JsonValue } from '../json.ts';
import type { SentMessage } from './effects.ts';
import { WorkflowError } from './errors.ts';
import type { Condition, Edge, FanInEdge, Graph, MessageFacts } from './graph.ts';
import { targetsOf } from './graph.ts';

export interface Routed {
  /** Who gets the message. */
  targets: string[];
  /** Fan-ins that keep it. */
  joins: FanInEdge[];
  /** Conditions that threw, bounds that were reached. */
  warnings: { code: string; message: string }[];
}

/**
 * Where a message goes. Counts the passes of edges that have a bound.
 *
 * @throws WorkflowError `targetNotConnected`, `selectorFailed`, `asyncCondition`
 */
export function route(graph: Graph, passes: Record<string, number>, source: string, message: SentMessage): Routed {
  const edges = graph.edgesFrom.get(source) ?? [];
  const routed: Routed = { targets: [], joins: [], warnings: [] };
  for (const id of message.to ?? []) {
    if (edges.some((edge) => targetsOf(edge).includes(id))) continue;
    throw new WorkflowError('targetNotConnected', `"${source}" sent to "${id}", to which no edge leads from it.`, {
      fix: `Add an edge from "${source}" to "${id}".`,
    });
  }
  const facts: MessageFacts = { source, type: message.type };
  for (const edge of edges) {
    const targets = takers(edge, message.value, facts, passes, routed).filter((id) => message.to?.includes(id) ?? true);
    if (edge.kind === 'fanIn') {
      if (targets.length > 0) routed.joins.push(edge);
    } else {
      routed.targets.push(...targets);
    }
  }
  return routed;
}

function takers(
  edge: Edge,
  value: JsonValue,
  facts: MessageFacts,
  passes: Record<string, number>,
  { warnings }: Routed,
): readonly string[] {
  switch (edge.kind) {
    case 'direct': {
      const { when, maxPasses, from, to } = edge;
      if (when !== undefined && !meets(when, value, facts, `the edge from "${from}" to "${to}"`, warnings)) return [];
      return passesOnce(passes, edge.id, maxPasses, `The edge from "${from}" to "${to}"`, warnings) ? [to] : [];
    }
    case 'switch':
      for (const [index, { when, to, maxPasses }] of edge.cases.entries()) {
        const name = `case ${index + 1} of the switch from "${edge.from}"`;
        if (!meets(when, value, facts, name, warnings)) continue;
        if (passesOnce(passes, `${edge.id}.${index}`, maxPasses, `The ${name}`, warnings)) return [to];
      }
      return [edge.otherwise];
    case 'fanOut':
      return edge.select === undefined ? edge.to : selected(edge, edge.select, value, facts);
    default:
      return [edge.to];
  }
}

function meets(
  when: Condition,
  value: JsonValue,
  facts: MessageFacts,
  name: string,
  warnings: Routed['warnings'],
): boolean {
  let result: unknown;
  try {
    result = when(value as never, facts);
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    warnings.push({
      code: 'conditionFailed',
      message: `The condition of ${name} threw and counts as not met: ${text}`,
    });
    return false;
  }
  if (typeof (result as { then?: unknown } | null)?.then === 'function') {
    // The run fails here; a rejection that nobody handles would end the process besides.
    Promise.resolve(result).catch(() => undefined);
    throw new WorkflowError('asyncCondition', `The condition of ${name} gave a promise.`, {
      fix: 'Conditions run in the orchestrator, which cannot wait: decide in an executor before it.',
    });
  }
  return Boolean(result);
}

function passesOnce(
  passes: Record<string, number>,
  key: string,
  maxPasses: number | undefined,
  name: string,
  warnings: Routed['warnings'],
): boolean {
  if (maxPasses === undefined) return true;
  const count = passes[key] ?? 0;
  if (count >= maxPasses) {
    warnings.push({ code: 'edgeExhausted', message: `${name} has carried its ${maxPasses} messages.` });
    return false;
  }
  passes[key] = count + 1;
  return true;
}

function selected(
  edge: Edge & { kind: 'fanOut' },
  select: NonNullable<(Edge & { kind: 'fanOut' })['select']>,
  value: JsonValue,
  facts: MessageFacts,
): readonly string[] {
  const refuse = (problem: string, cause?: unknown) =>
    new WorkflowError('selectorFailed', `The selector of the fan-out from "${edge.from}" ${problem}.`, {
      fix: `Return an array with some of ${edge.to.map((id) => `"${id}"`).join(', ')}.`,
      cause,
    });
  let ids: unknown;
  try {
    ids = select(value as never, [...edge.to], facts);
  } catch (error) {
    throw refuse(`threw: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  if (!Array.isArray(ids)) throw refuse('did not return an array');
  const unknown: unknown = ids.find((id) => !edge.to.includes(id));
  if (unknown !== undefined) throw refuse(`named ${JSON.stringify(unknown)}, which is not one of its targets`);
  // In the order of the targets: what a selector returns is a set.
  return edge.to.filter((id) => ids.includes(id));
}
