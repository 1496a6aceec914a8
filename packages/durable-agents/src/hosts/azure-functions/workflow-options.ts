import { ConfigurationError } from '../../errors.ts';
import { expiryOrchestration, sweepActivity } from '../../session/expiry-orchestration.ts';
import {
  approvalActivity,
  modelActivity,
  toolActivity,
  toolListActivity,
  turnOrchestrator,
} from '../../turn/turn-names.ts';
import type { AnyWorkflow } from '../../workflow/workflow.ts';
import { executorFunction, requestsEntity, workflowOrchestrator } from '../../workflow-run/workflow-names.ts';
import { WorkflowSet } from '../../workflow-run/workflow-set.ts';
import { workflowTriggerNames } from './workflow-triggers.ts';

/** A workflow with settings of its own. */
export interface WorkflowRegistration {
  workflow: AnyWorkflow;
  /** Whether it has endpoints. Default: the app's `enableHttp`. */
  enableHttp?: boolean | undefined;
  /** Whether its endpoints tell how runs stand, and list them. Default: true. */
  exposeStatusEndpoint?: boolean | undefined;
}

export interface RegisteredWorkflow {
  enableHttp: boolean;
  exposeStatusEndpoint: boolean;
}

/** The workflows of an app: definitions, and settings by lower-case name. */
export interface AppWorkflows {
  set: WorkflowSet;
  settings: ReadonlyMap<string, RegisteredWorkflow>;
}

/**
 * @param agentNames names of the app's agents
 * @throws ConfigurationError `duplicateWorkflow`, `duplicateFunction`
 */
export function checkWorkflows(
  entries: readonly (AnyWorkflow | WorkflowRegistration)[],
  enableHttp: boolean,
  agentNames: readonly string[],
): AppWorkflows {
  const own = entries.map((entry): WorkflowRegistration => ('workflow' in entry ? entry : { workflow: entry }));
  const set = new WorkflowSet(own.map(({ workflow }) => workflow));
  const settings = new Map<string, RegisteredWorkflow>();
  for (const { workflow, ...options } of own) {
    settings.set(workflow.name.toLowerCase(), {
      enableHttp: options.enableHttp ?? enableHttp,
      exposeStatusEndpoint: options.exposeStatusEndpoint ?? true,
    });
  }
  checkNames(set, agentNames);
  return { set, settings };
}

const reserved = [
  ...[turnOrchestrator, modelActivity, toolActivity, approvalActivity, toolListActivity],
  ...[expiryOrchestration, sweepActivity, requestsEntity],
];

/** No two functions may have one name, ignoring case: the host would take one for the other. */
function checkNames(set: WorkflowSet, agentNames: readonly string[]): void {
  const taken = new Map<string, string>(reserved.map((name) => [name, 'this library']));
  const take = (name: string, by: string) => {
    const other = taken.get(name.toLowerCase());
    if (other !== undefined && other !== by) {
      const message = `${by} and ${other} would both have a function named "${name}".`;
      throw new ConfigurationError('duplicateFunction', message, { fix: 'Rename one of the two.' });
    }
    taken.set(name.toLowerCase(), by);
  };
  for (const name of agentNames) for (const made of [`dafx-${name}`, `http-${name}`]) take(made, `Agent "${name}"`);
  for (const family of set.families.values()) {
    const { name, isPublic } = family;
    const by = `Workflow "${name}"`;
    take(workflowOrchestrator(name), by);
    if (isPublic) for (const made of workflowTriggerNames(family)) take(made, by);
  }
  for (const { workflow, node } of set.nodes()) {
    if (node.kind !== 'workflow') take(executorFunction(workflow, node.id), `"${node.id}" of workflow "${workflow}"`);
  }
}
