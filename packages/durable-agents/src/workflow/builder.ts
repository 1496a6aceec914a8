import type { Condition, Edge, MessageFacts, Selector } from './graph.ts';
import { makeGraph } from './make-graph.ts';
import type { AcceptsOf, Fits, FitsNarrowed, ListOf, SendsOf, WorkflowNode } from './node-types.ts';
import type { AnyRequestPort } from './request-port.ts';
import { SwitchBuilder } from './switch-builder.ts';
import { nodeOf } from './to-node.ts';
import { Workflow } from './workflow.ts';

export interface WorkflowOptions<Start extends WorkflowNode> {
  /** A letter, then up to 62 letters, digits, `_` or `-`. Unique in an app, ignoring case. */
  name: string;
  description?: string | undefined;
  /** Gets the input of the run. */
  start: Start;
  /**
   * Runs keep to the definition that they began with. Name a version when you change the graph while runs are in
   * flight, and keep the old one registered until they are done.
   */
  version?: string | undefined;
  /** Most supersteps of a run, 1 to 100,000; with work left after them, the run fails. Default: 100. */
  maxSupersteps?: number | undefined;
  /** Executors whose yields are the outputs of the workflow. Default: all. */
  outputFrom?: readonly (string | WorkflowNode)[] | undefined;
  /** Executors whose yields are `intermediate` events. With `outputFrom`, yields of those in neither are dropped. */
  intermediateOutputFrom?: readonly (string | WorkflowNode)[] | undefined;
  /** A message that no handler of its target takes: fails the run, or is dropped with an event. Default: `fail`. */
  unhandled?: 'fail' | 'drop' | undefined;
  /** What the failure of an executor means, unless it says so itself. Default: `fail`. */
  onFailure?: 'fail' | 'continue' | undefined;
  /**
   * A run that ends while a fan-in waits for sources that will never send, and that gave no output: it fails and names
   * them, or it completes without output. Either way there is a warning. Default: `fail`.
   */
  unfilledJoin?: 'fail' | 'complete' | undefined;
}

export interface EdgeOptions {
  /** Messages that the edge carries in one run at most; further ones do not match it. The bound of a loop. */
  maxPasses?: number | undefined;
  /** Shown in drawings. */
  label?: string | undefined;
}

/** Puts executors together to a workflow. Every method returns the builder. */
export class WorkflowBuilder<Start extends WorkflowNode> {
  readonly #options: WorkflowOptions<Start>;
  readonly #nodes: WorkflowNode[] = [];
  readonly #edges: Edge[] = [];

  constructor(options: WorkflowOptions<Start>) {
    this.#options = options;
    this.#nodes.push(options.start);
  }

  /** Messages of `source` that meet `when` go to `target`. Several edges of one source are independent of each other. */
  addEdge<Source extends WorkflowNode, Target extends WorkflowNode, Narrowed extends SendsOf<Source>>(
    source: Source,
    target: Target,
    // The check stands here, because what the condition narrows to is only known with it.
    options: EdgeOptions & {
      when: (message: SendsOf<Source>, facts: MessageFacts) => message is Narrowed;
    } & NoInfer<FitsNarrowed<SendsOf<Source>, Narrowed, Target>>,
  ): this;
  addEdge<Source extends WorkflowNode, Target extends WorkflowNode>(
    source: Source,
    target: Target & Fits<SendsOf<Source>, Target>,
    options?: EdgeOptions & { when?: ((message: SendsOf<Source>, facts: MessageFacts) => boolean) | undefined },
  ): this;
  addEdge(
    source: WorkflowNode,
    target: WorkflowNode,
    options: EdgeOptions & { when?: Condition | undefined } = {},
  ): this {
    const { when, maxPasses, label } = options;
    return this.#add({ kind: 'direct', ...this.#ends(source, target), when, maxPasses, label });
  }

  /** Every message of `source` goes to all targets, or to those that `select` names. */
  addFanOut<Source extends WorkflowNode, const Targets extends readonly WorkflowNode[]>(
    source: Source,
    targets: Targets & { readonly [At in keyof Targets]: Fits<SendsOf<Source>, Targets[At]> },
    options: {
      select?: (message: SendsOf<Source>, targetIds: string[], facts: MessageFacts) => readonly string[];
    } = {},
  ): this {
    const nodes = targets as readonly WorkflowNode[];
    this.#nodes.push(source, ...nodes);
    const select = options.select as Selector | undefined;
    return this.#add({ kind: 'fanOut', id: this.#nextId(), from: nodeOf(source).id, to: nodes.map(idOf), select });
  }

  /**
   * `target` runs once when every source has sent at least one message, with the list of all of them, in the order of
   * the sources. Then it waits for the next round.
   */
  addFanIn<const Sources extends readonly WorkflowNode[], Target extends WorkflowNode>(
    sources: Sources,
    target: Target & Fits<ListOf<SendsOf<Sources[number]>>, Target>,
  ): this {
    this.#nodes.push(...sources, target);
    return this.#add({ kind: 'fanIn', id: this.#nextId(), from: sources.map(idOf), to: nodeOf(target).id });
  }

  /** The first case that a message of `source` meets gets it, else the default: `(on) => on.case(…).default(…)`. */
  addSwitch<Source extends WorkflowNode>(
    source: Source,
    describe: (on: SwitchBuilder<SendsOf<Source>>) => unknown,
  ): this {
    const on = new SwitchBuilder<SendsOf<Source>>();
    describe(on);
    this.#nodes.push(source, ...on.targets);
    const { cases, otherwise } = on.finish();
    return this.#add({ kind: 'switch', id: this.#nextId(), from: nodeOf(source).id, cases, otherwise });
  }

  /** Edges from each to the next. */
  addChain<First extends WorkflowNode, Second extends WorkflowNode>(
    nodes: readonly [First, Second & Fits<SendsOf<First>, Second>],
  ): this;
  addChain<First extends WorkflowNode, Second extends WorkflowNode, Third extends WorkflowNode>(
    nodes: readonly [First, Second & Fits<SendsOf<First>, Second>, Third & Fits<SendsOf<Second>, Third>],
  ): this;
  addChain<
    First extends WorkflowNode,
    Second extends WorkflowNode,
    Third extends WorkflowNode,
    Fourth extends WorkflowNode,
  >(
    nodes: readonly [
      First,
      Second & Fits<SendsOf<First>, Second>,
      Third & Fits<SendsOf<Second>, Third>,
      Fourth & Fits<SendsOf<Third>, Fourth>,
    ],
  ): this;
  /** Longer chains are checked when the workflow is built. */
  addChain(nodes: readonly WorkflowNode[]): this;
  addChain(nodes: readonly WorkflowNode[]): this {
    for (const [index, target] of nodes.entries()) {
      const source = nodes[index - 1];
      if (source === undefined) continue;
      this.#add({
        kind: 'direct',
        ...this.#ends(source, target),
        when: undefined,
        maxPasses: undefined,
        label: undefined,
      });
    }
    return this;
  }

  /** When nobody answers a request of `port` in time, its data goes to `target`. */
  addTimeoutEdge<Port extends AnyRequestPort, Target extends WorkflowNode>(
    port: Port,
    target: Target & Fits<AcceptsOf<Port>, Target>,
  ): this {
    return this.#add({ kind: 'timeout', ...this.#ends(port, target) });
  }

  /**
   * Checks the graph and makes the workflow.
   *
   * @typeParam Output what the workflow gives, as far as you know it; nothing checks it
   * @throws WorkflowBuildError with everything that is wrong, the executors named
   */
  build<Output = unknown>(): Workflow<AcceptsOf<Start>, Output> {
    const { graph, warnings } = makeGraph(this.#options, this.#nodes, this.#edges);
    return new Workflow(graph, this.#options.description, warnings);
  }

  #ends(source: WorkflowNode, target: WorkflowNode): { id: string; from: string; to: string } {
    this.#nodes.push(source, target);
    return { id: this.#nextId(), from: nodeOf(source).id, to: nodeOf(target).id };
  }

  #nextId(): string {
    return `e${this.#edges.length}`;
  }

  #add(edge: Edge): this {
    this.#edges.push(edge);
    return this;
  }
}

function idOf(node: WorkflowNode): string {
  return nodeOf(node).id;
}
