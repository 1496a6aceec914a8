import { ConfigurationError } from '../errors.ts';
import { AgentExecutor, isAgent } from './agent-executor.ts';
import type { GraphNode } from './graph.ts';
import type { WorkflowNode } from './node-types.ts';
import { SubWorkflow } from './sub-workflow.ts';

/** Agents and workflows that stand in graphs as they are: the same object is the same node. */
const wrapped = new WeakMap<object, AgentExecutor<unknown> | SubWorkflow<never, unknown>>();

/**
 * What a value is as a node of a graph.
 *
 * @throws ConfigurationError `notAnExecutor`
 */
export function nodeOf(value: WorkflowNode): GraphNode {
  const executor = isAgent(value) ? wrap(value, () => new AgentExecutor(value)) : value;
  switch (executor?.kind) {
    case 'executor':
      return { kind: 'executor', id: executor.id, executor };
    case 'agent':
      return { kind: 'agent', id: executor.id, executor };
    case 'port':
      return { kind: 'port', id: executor.id, executor };
    case 'workflow':
      return { kind: 'workflow', id: executor.id, executor };
    case 'graph': {
      const inner = wrap(executor, () => new SubWorkflow<never, unknown>(executor));
      return { kind: 'workflow', id: inner.id, executor: inner };
    }
    default:
      throw new ConfigurationError('notAnExecutor', `${describe(value)} cannot stand in a workflow.`, {
        fix: 'Pass executor(…), an Executor, an Agent, a built Workflow or RequestPort.create(…).',
      });
  }
}

function wrap<Made extends AgentExecutor<unknown> | SubWorkflow<never, unknown>>(
  value: object,
  make: () => Made,
): Made {
  const known = wrapped.get(value) ?? make();
  wrapped.set(value, known);
  return known as Made;
}

function describe(value: unknown): string {
  if (typeof value === 'function') return `The function ${value.name || '(without name)'}`;
  return value === undefined || value === null ? String(value) : `A value of type ${typeof value}`;
}
