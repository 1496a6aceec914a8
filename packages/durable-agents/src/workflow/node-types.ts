import type { Agent } from '../agent/agent.ts';
import type { AgentAnswer, AgentInput } from './agent-answer.ts';
import type { AgentExecutor } from './agent-executor.ts';
import type { AnyExecutor } from './executor.ts';
import type { AnyRequestPort } from './request-port.ts';
import type { SubWorkflow } from './sub-workflow.ts';
import type { AnyWorkflow } from './workflow.ts';

/** What a node takes and what it sends, for the compiler only. */
export interface Types<Accepts, Sends> {
  // A method would be compared both ways; a function only takes what it says.
  readonly accepts: (value: Accepts) => void;
  readonly sends: Sends;
}

/** Whatever can stand in a graph. */
export type WorkflowNode =
  | AnyExecutor
  | Agent
  | AgentExecutor<unknown>
  | AnyWorkflow
  | SubWorkflow<never, unknown>
  | AnyRequestPort;

/** Type of the messages that a node takes; `unknown` takes all. */
export type AcceptsOf<Node> = Node extends { readonly '~types'?: infer T }
  ? NonNullable<T> extends { accepts: (value: infer Accepts) => void }
    ? Accepts
    : unknown
  : Node extends Agent
    ? AgentInput
    : unknown;

/** Type of the messages that a node sends; `unknown` if nothing is known. */
export type SendsOf<Node> = Node extends { readonly '~types'?: infer T }
  ? NonNullable<T> extends { sends: infer Sends }
    ? Sends
    : unknown
  : Node extends Agent
    ? AgentAnswer
    : unknown;

/** What a fan-in gives. */
export type ListOf<Sends> = unknown extends Sends ? unknown : Sends[];

/** Shown by the compiler where two nodes do not fit. */
export interface NotAccepted<Sends, Accepts> {
  readonly 'error: the target does not accept what the source sends': { sends: Sends; accepts: Accepts };
}

/** `unknown` if a target takes the messages, else a type that no node has. */
export type Fits<Sends, Target> = unknown extends Sends
  ? unknown
  : [Sends] extends [AcceptsOf<Target>]
    ? unknown
    : NotAccepted<Sends, AcceptsOf<Target>>;

/**
 * As {@link Fits}, for what a type guard narrows to. Before the guard is looked at, the compiler tries it with all that
 * is sent: that must pass, and is no narrowing anyway.
 */
export type FitsNarrowed<Sends, Narrowed, Target> = [Sends] extends [Narrowed] ? unknown : Fits<Narrowed, Target>;
