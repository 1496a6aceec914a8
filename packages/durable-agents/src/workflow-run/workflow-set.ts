import { ConfigurationError } from '../errors.ts';
import { CheckpointError } from '../workflow/errors.ts';
import type { Graph, GraphNode } from '../workflow/graph.ts';
import type { AnyWorkflow } from '../workflow/workflow.ts';

/** The versions of one workflow; new runs begin with the last one. */
export interface WorkflowFamily {
  name: string;
  current: AnyWorkflow;
  /** By fingerprint. */
  versions: Map<string, AnyWorkflow>;
  /** Whether callers can start it; else it only runs within others. */
  isPublic: boolean;
}

/** All workflows of an app, those within others included. */
export class WorkflowSet {
  readonly families = new Map<string, WorkflowFamily>();

  /**
   * @param workflows several of one name are its versions, the present one last
   * @throws ConfigurationError `duplicateWorkflow`
   */
  constructor(workflows: readonly AnyWorkflow[]) {
    for (const workflow of workflows) this.#add(workflow, true);
  }

  /**
   * The definition that a run has begun with.
   *
   * @throws CheckpointError `definitionChanged` if it is not there any more
   */
  graphOf(name: string, fingerprint: string | undefined, runId: string): Graph {
    const family = this.families.get(name.toLowerCase());
    const workflow = fingerprint === undefined ? family?.current : family?.versions.get(fingerprint);
    if (workflow !== undefined) return workflow.graph;
    const fix = 'Register the old definition beside the new one, which gets a `version`, until its runs have ended.';
    const message = `Workflow "${name}" has changed since run "${runId}" began, and its definition is not there any more.`;
    throw new CheckpointError('definitionChanged', `${message} ${fix}`, { fix });
  }

  /** Every node of every version, with the name of its workflow. */
  *nodes(): Generator<{ workflow: string; fingerprint: string; node: GraphNode }> {
    for (const { name, versions } of this.families.values()) {
      for (const [fingerprint, { graph }] of versions) {
        for (const node of graph.nodes.values()) yield { workflow: name, fingerprint, node };
      }
    }
  }

  #add(workflow: AnyWorkflow, isPublic: boolean): void {
    const key = workflow.name.toLowerCase();
    const family = this.families.get(key);
    if (family === undefined) {
      const versions = new Map([[workflow.fingerprint, workflow]]);
      this.families.set(key, { name: workflow.name, current: workflow, versions, isPublic });
    } else {
      const known = family.versions.get(workflow.fingerprint);
      if (known === undefined ? !differs(workflow, family) : known !== workflow) throw duplicate(workflow.name);
      family.versions.set(workflow.fingerprint, workflow);
      if (isPublic) {
        family.current = workflow;
        family.isPublic = true;
      }
    }
    for (const node of workflow.graph.nodes.values()) {
      if (node.kind === 'workflow') this.#add(node.executor.workflow, false);
    }
  }
}

/** Versions of one workflow have the same name, letter for letter, and each another `version`. */
function differs(workflow: AnyWorkflow, { name, versions }: WorkflowFamily): boolean {
  return workflow.name === name && [...versions.values()].every(({ version }) => version !== workflow.version);
}

function duplicate(name: string): ConfigurationError {
  return new ConfigurationError('duplicateWorkflow', `There are two workflows named "${name}".`, {
    fix: 'Names must differ in more than upper and lower case: rename one, or give each version of it another `version`.',
  });
}
