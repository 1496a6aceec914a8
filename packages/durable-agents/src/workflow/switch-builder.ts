import type { Condition, MessageFacts, SwitchCase } from './graph.ts';
import type { Fits, FitsNarrowed, WorkflowNode } from './node-types.ts';
import { nodeOf } from './to-node.ts';

interface CaseOptions {
  /** Messages that the case takes in one run at most; further ones go on to the next case. */
  maxPasses?: number | undefined;
  /** Shown in drawings. */
  label?: string | undefined;
}

/** The cases of a switch. */
export class SwitchBuilder<Sends> {
  /** @internal */
  readonly targets: WorkflowNode[] = [];
  readonly #cases: SwitchCase[] = [];
  readonly #defaults: string[] = [];

  /** Messages that meet `when`, and none of the cases before, go to `target`. */
  case<Narrowed extends Sends, Target extends WorkflowNode>(
    when: ((message: Sends, facts: MessageFacts) => message is Narrowed) &
      NoInfer<FitsNarrowed<Sends, Narrowed, Target>>,
    target: Target,
    options?: CaseOptions,
  ): this;
  case<Target extends WorkflowNode>(
    when: (message: Sends, facts: MessageFacts) => boolean,
    target: Target & Fits<Sends, Target>,
    options?: CaseOptions,
  ): this;
  case(when: Condition, target: WorkflowNode, { maxPasses, label }: CaseOptions = {}): this {
    this.targets.push(target);
    this.#cases.push({ when, to: nodeOf(target).id, maxPasses, label });
    return this;
  }

  /** Messages that meet no case go to `target`. */
  default<Target extends WorkflowNode>(target: Target): this {
    this.targets.push(target);
    this.#defaults.push(nodeOf(target).id);
    return this;
  }

  /** @internal An empty `otherwise` stands for "not exactly one": the check of the graph names the switch. */
  finish(): { cases: readonly SwitchCase[]; otherwise: string } {
    return { cases: this.#cases, otherwise: this.#defaults.length === 1 ? (this.#defaults[0] as string) : '' };
  }
}
