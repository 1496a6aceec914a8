import type { JsonValue } from '../json.ts';
import { checkExecutorId } from './executor-id.ts';
import type { Types } from './node-types.ts';
import type { AnyWorkflow, Workflow } from './workflow.ts';

export interface SubWorkflowOptions {
  /** Default: the workflow's name. */
  id?: string | undefined;
  description?: string | undefined;
  /** Outputs of the inner workflow are outputs of the outer one, not messages of this node. Default: false. */
  directOutput?: boolean | undefined;
  /** As for any executor. Default: the outer workflow's. */
  onFailure?: 'fail' | 'continue' | undefined;
}

/** A workflow as an executor, with settings. Made with {@link subWorkflow}. */
export class SubWorkflow<Input = JsonValue, Output = JsonValue> {
  declare readonly '~types'?: Types<Input, Output>;
  readonly kind = 'workflow';
  readonly id: string;
  readonly workflow: AnyWorkflow;
  readonly description: string | undefined;
  readonly directOutput: boolean;
  readonly onFailure: 'fail' | 'continue' | undefined;

  /** @throws ConfigurationError `invalidExecutorId` */
  constructor(workflow: AnyWorkflow, options: SubWorkflowOptions = {}) {
    this.id = checkExecutorId(options.id ?? workflow.name);
    this.workflow = workflow;
    this.description = options.description ?? workflow.description;
    this.directOutput = options.directOutput ?? false;
    this.onFailure = options.onFailure;
  }
}

/**
 * A workflow as an executor of another. Each message starts a run of it; each of its outputs is a message of the node.
 * A workflow can also be put into a graph as it is. Shared state is not shared with it: pass what it needs.
 */
export function subWorkflow<Input, Output>(
  workflow: Workflow<Input, Output>,
  options: SubWorkflowOptions = {},
): SubWorkflow<Input, Output> {
  return new SubWorkflow(workflow, options);
}
