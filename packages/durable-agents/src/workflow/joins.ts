import type { ChatMessage } from '../agent/message.ts';
import type { JsonValue } from '../json.ts';
import { merged } from './conversation.ts';
import type { BranchFailure } from './effects.ts';
import { type FanInEdge, type Graph, sourcesOf, targetsOf } from './graph.ts';
import type { JoinState, RunState } from './run-state.ts';

/** A round of a fan-in that is complete. */
export interface JoinRound {
  target: string;
  /** One for each item of `value`. */
  sources: string[];
  value: JsonValue[];
  failures: BranchFailure[];
  history?: ChatMessage[];
}

/** Keeps a message of a source for the present round. */
export function keepForJoin(
  state: RunState,
  edge: FanInEdge,
  source: string,
  value: JsonValue,
  history: ChatMessage[] | undefined,
): void {
  const join = joinOf(state, edge);
  const { values } = join;
  values[source] = [...(values[source] ?? []), value];
  if (history !== undefined) join.history = merged([join.history ?? [], history]);
}

/** A source failed: the fan-ins behind it do not wait for it in this round. */
export function failForJoins(graph: Graph, state: RunState, failure: BranchFailure): void {
  const edges = (graph.edgesFrom.get(failure.executorId) ?? []).filter((edge) => edge.kind === 'fanIn');
  for (const edge of edges) joinOf(state, edge).failures.push(failure);
  // Otherwise it may be missed further on; see `releaseFailedJoins`.
  if (edges.length === 0) state.failures.push(failure);
}

/** Takes the rounds that are complete out of the state, in the order of their edges. */
export function completeRounds(graph: Graph, state: RunState): JoinRound[] {
  return fanIns(graph).flatMap((edge) => {
    const join = state.joins[edge.id];
    if (join === undefined || missingSources(edge, join).length > 0) return [];
    delete state.joins[edge.id];
    return [roundOf(edge, join)];
  });
}

/**
 * Nothing runs any more: rounds whose missing sources all lie behind failed branches are as complete as they will be.
 * Takes them, and the failures, out of the state.
 */
export function releaseFailedJoins(graph: Graph, state: RunState): JoinRound[] {
  if (state.failures.length === 0) return [];
  const rounds: JoinRound[] = [];
  const used = new Set<BranchFailure>();
  for (const edge of fanIns(graph)) {
    const join = state.joins[edge.id];
    if (join === undefined) continue;
    const causes = missingSources(edge, join).map((source) =>
      state.failures.filter(({ executorId }) => leadsTo(graph, executorId, source)),
    );
    if (causes.some((list) => list.length === 0)) continue;
    const failures = [...new Set(causes.flat())];
    for (const failure of failures) used.add(failure);
    delete state.joins[edge.id];
    rounds.push(roundOf(edge, { ...join, failures: [...join.failures, ...failures] }));
  }
  state.failures = state.failures.filter((failure) => !used.has(failure));
  return rounds;
}

/** Fan-ins that hold messages and wait for others, in words. */
export function unfilledJoins(graph: Graph, state: RunState): string[] {
  return fanIns(graph).flatMap((edge) => {
    const join = state.joins[edge.id];
    if (join === undefined) return [];
    const missing = missingSources(edge, join).map((id) => `"${id}"`);
    return [`"${edge.to}" waits for ${missing.join(', ')}`];
  });
}

function roundOf(edge: FanInEdge, { values, failures, history }: JoinState): JoinRound {
  const items = edge.from.flatMap((source) => (values[source] ?? []).map((value) => ({ source, value })));
  return {
    target: edge.to,
    sources: items.map(({ source }) => source),
    value: items.map(({ value }) => value),
    failures,
    ...(history && { history }),
  };
}

function missingSources(edge: FanInEdge, { values, failures }: JoinState): string[] {
  return edge.from.filter(
    (source) => values[source] === undefined && !failures.some(({ executorId }) => executorId === source),
  );
}

function joinOf(state: RunState, edge: FanInEdge): JoinState {
  const join = state.joins[edge.id] ?? { values: {}, failures: [] };
  state.joins[edge.id] = join;
  return join;
}

function fanIns(graph: Graph): FanInEdge[] {
  return graph.edges.filter((edge) => edge.kind === 'fanIn');
}

function leadsTo(graph: Graph, from: string, to: string): boolean {
  const reached = new Set([from]);
  for (const id of reached) {
    if (id === to) return true;
    for (const edge of graph.edges) {
      if (sourcesOf(edge).includes(id)) for (const target of targetsOf(edge)) reached.add(target);
    }
  }
  return false;
}
