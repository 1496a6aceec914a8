import type { AgentExecutor } from './agent-executor.ts';
import type { AnyExecutor } from './executor.ts';
import type { AnyRequestPort } from './request-port.ts';
import type { SubWorkflow } from './sub-workflow.ts';

export type GraphNode =
  | { readonly kind: 'executor'; readonly id: string; readonly executor: AnyExecutor }
  | { readonly kind: 'agent'; readonly id: string; readonly executor: AgentExecutor<unknown> }
  | { readonly kind: 'workflow'; readonly id: string; readonly executor: SubWorkflow<never, unknown> }
  | { readonly kind: 'port'; readonly id: string; readonly executor: AnyRequestPort };

/** What a condition knows of a message besides its value. */
export interface MessageFacts {
  readonly source: string;
  /** Name of its message type. */
  readonly type: string | undefined;
}

/** Runs in the orchestrator: synchronous, and always the same for the same message. */
export type Condition = (message: never, facts: MessageFacts) => unknown;

/** Gives the ids of those targets that get the message. */
export type Selector = (message: never, targetIds: string[], facts: MessageFacts) => readonly string[];

interface EdgeBase {
  /** By the order in which edges were added: `e0`, `e1`, … */
  readonly id: string;
}

export interface DirectEdge extends EdgeBase {
  readonly kind: 'direct';
  readonly from: string;
  readonly to: string;
  readonly when: Condition | undefined;
  readonly maxPasses: number | undefined;
  readonly label: string | undefined;
}

export interface FanOutEdge extends EdgeBase {
  readonly kind: 'fanOut';
  readonly from: string;
  readonly to: readonly string[];
  readonly select: Selector | undefined;
}

export interface SwitchCase {
  readonly when: Condition;
  readonly to: string;
  readonly maxPasses: number | undefined;
  readonly label: string | undefined;
}

export interface SwitchEdge extends EdgeBase {
  readonly kind: 'switch';
  readonly from: string;
  readonly cases: readonly SwitchCase[];
  readonly otherwise: string;
}

export interface FanInEdge extends EdgeBase {
  readonly kind: 'fanIn';
  readonly from: readonly string[];
  readonly to: string;
}

/** From a port to where its request goes when nobody answers in time. */
export interface TimeoutEdge extends EdgeBase {
  readonly kind: 'timeout';
  readonly from: string;
  readonly to: string;
}

export type Edge = DirectEdge | FanOutEdge | SwitchEdge | FanInEdge | TimeoutEdge;

/** A workflow's definition, with what the runner looks up ready at hand. */
export interface Graph {
  readonly name: string;
  readonly version: string | undefined;
  readonly start: string;
  /** In the order in which they were first named. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly edges: readonly Edge[];
  /** Edges that messages of a node take; timeout edges are not among them. */
  readonly edgesFrom: ReadonlyMap<string, readonly Edge[]>;
  /** Position of each node. */
  readonly order: ReadonlyMap<string, number>;
  readonly ports: ReadonlyMap<string, AnyRequestPort>;
  readonly maxSupersteps: number;
  readonly outputFrom: ReadonlySet<string> | undefined;
  readonly intermediateOutputFrom: ReadonlySet<string> | undefined;
  readonly unhandled: 'fail' | 'drop';
  readonly onFailure: 'fail' | 'continue';
  readonly unfilledJoin: 'fail' | 'complete';
  readonly fingerprint: string;
}

/** Ids of the nodes that an edge can lead to. */
export function targetsOf(edge: Edge): readonly string[] {
  if (edge.kind === 'fanOut') return edge.to;
  if (edge.kind === 'switch') return [...new Set([...edge.cases.map((one) => one.to), edge.otherwise])];
  return [edge.to];
}

export function sourcesOf(edge: Edge): readonly string[] {
  return edge.kind === 'fanIn' ? edge.from : [edge.from];
}

/** Whether nothing is sent on from a node: what it returns is an output. */
export function isTerminal(graph: Graph, id: string): boolean {
  return (graph.edgesFrom.get(id) ?? []).length === 0;
}

/** What becomes of a value that a node yields. */
export function outputKind(graph: Graph, id: string): 'output' | 'intermediate' | 'hidden' {
  if (graph.outputFrom === undefined) return graph.intermediateOutputFrom?.has(id) ? 'intermediate' : 'output';
  if (graph.outputFrom.has(id)) return 'output';
  return graph.intermediateOutputFrom?.has(id) ? 'intermediate' : 'hidden';
}

/** Whether an agent or sub-workflow that has successors gives its answer as an output too. */
export function isDesignated(graph: Graph, id: string): boolean {
  return (graph.outputFrom?.has(id) || graph.intermediateOutputFrom?.has(id)) ?? false;
}
