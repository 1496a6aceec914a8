import { ConfigurationError, DurableAgentError, type DurableAgentErrorOptions } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import type { RunFailure } from './effects.ts';

/** One thing that is wrong, or doubtful, in a workflow's definition. */
export interface WorkflowProblem {
  /** Stable, such as `duplicateExecutor` or `unreachable`. */
  readonly code: string;
  /** Names the executors. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

/** A workflow cannot be built. `code` is that of the first problem; `problems` has all of them. */
export class WorkflowBuildError extends ConfigurationError {
  override name = 'WorkflowBuildError';
  readonly problems: readonly WorkflowProblem[];

  constructor(workflow: string, problems: readonly [WorkflowProblem, ...WorkflowProblem[]]) {
    const [first] = problems;
    const text = problems.map(({ message, fix }) => `${message} ${fix}`).join('\n');
    super(first.code, `Workflow "${workflow}" cannot be built:\n${text}`, { fix: first.fix });
    this.problems = problems;
  }
}

/**
 * Something went wrong in a workflow's run, or a call on its context cannot be done. Codes: `messageNotAccepted`, `invalidOutput`,
 * `notJson`, `targetNotConnected`, `selectorFailed`, `asyncCondition`, `reservedStateKey`, `noResponseHandler`,
 * `invalidRequest`, `duplicateRequest`, `contextClosed`, `executorTimeout`.
 */
export class WorkflowError extends DurableAgentError {
  override name = 'WorkflowError';
}

/** A run in this process ended as failed or cancelled. `code` is that of its failure. */
export class WorkflowRunError extends DurableAgentError {
  override name = 'WorkflowRunError';
  readonly failure: RunFailure;
  /** What the run had given until then. */
  readonly outputs: readonly JsonValue[];

  constructor(failure: RunFailure, outputs: readonly JsonValue[], options: DurableAgentErrorOptions = {}) {
    super(failure.code, failure.message, options);
    this.failure = failure;
    this.outputs = outputs;
  }
}

/** A stored run cannot be gone on with: `checkpointVersion`, `definitionChanged`, `otherWorkflow`, `invalidCheckpoint`. */
export class CheckpointError extends DurableAgentError {
  override name = 'CheckpointError';
}
