import type { JsonObject } from '../json.ts';
import { toDot } from './draw-dot.ts';
import { toMermaid } from './draw-mermaid.ts';
import type { WorkflowProblem } from './errors.ts';
import type { WorkflowEvent } from './events.ts';
import type { Graph } from './graph.ts';
import { graphJson, type NodeStates } from './graph-json.ts';
import {
  type ResumeOptions,
  type RunWorkflowOptions,
  resumeInProcess,
  runInProcess,
  streamInProcess,
  type WorkflowCheckpoint,
  type WorkflowResult,
} from './in-process.ts';
import type { Types } from './node-types.ts';

/** A built workflow. It holds nothing of a run. Made with `WorkflowBuilder`. */
export class Workflow<Input = unknown, Output = unknown> {
  declare readonly '~types'?: Types<Input, Output>;
  readonly kind = 'graph';
  readonly name: string;
  readonly version: string | undefined;
  readonly description: string | undefined;
  /** Names the definition: runs in flight keep to it. */
  readonly fingerprint: string;
  /** What looked wrong when the workflow was built, and may be meant. */
  readonly warnings: readonly WorkflowProblem[];
  readonly graph: Graph;

  /** @internal */
  constructor(graph: Graph, description: string | undefined, warnings: readonly WorkflowProblem[]) {
    this.graph = graph;
    this.name = graph.name;
    this.version = graph.version;
    this.description = description;
    this.fingerprint = graph.fingerprint;
    this.warnings = warnings;
  }

  /**
   * Runs the workflow in this process, to its end or until nothing but requests is left that nobody answers. Nothing
   * is stored.
   *
   * @throws WorkflowRunError if the run failed or was cancelled
   */
  run(input: Input, options: RunWorkflowOptions = {}): Promise<WorkflowResult<Output>> {
    return runInProcess(this, input, options) as Promise<WorkflowResult<Output>>;
  }

  /** As {@link run}, but gives the events as they come; a failure is the last of them. Stops the run if it is left early. */
  stream(input: Input, options: RunWorkflowOptions = {}): AsyncGenerator<WorkflowEvent, WorkflowResult<Output>> {
    return streamInProcess(this, input, options) as AsyncGenerator<WorkflowEvent, WorkflowResult<Output>>;
  }

  /**
   * Goes on with a run from a checkpoint, with answers to its requests.
   *
   * @throws CheckpointError if the checkpoint belongs to another definition
   * @throws RequestError `unknownRequest` (404) or `invalidResponse` (400): the checkpoint is still good
   * @throws WorkflowRunError if the run failed or was cancelled
   */
  resume(checkpoint: WorkflowCheckpoint, options: ResumeOptions = {}): Promise<WorkflowResult<Output>> {
    return resumeInProcess(this, checkpoint, options) as Promise<WorkflowResult<Output>>;
  }

  /** A Mermaid flow chart. */
  toMermaid(states: NodeStates = {}): string {
    return toMermaid(this, states);
  }

  /** A Graphviz graph. */
  toDot(states: NodeStates = {}): string {
    return toDot(this, states);
  }

  /** Nodes and edges as JSON, for views. */
  toJson(states: NodeStates = {}): JsonObject {
    return graphJson(this, states);
  }
}

/** Any workflow, whatever it takes and gives. */
export type AnyWorkflow = Workflow<never, unknown>;
