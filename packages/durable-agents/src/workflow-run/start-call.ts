import type { Agent } from '../agent/agent.ts';
import type { AgentResponse } from '../agent/response.ts';
import { AgentCallError } from '../durable/agent-call-error.ts';
import { DurableAgent } from '../durable/durable-agent.ts';
import type { DurableTask } from '../durable/orchestration-calls.ts';
import type { AgentCall, CallOutcome, HandlerCall } from '../workflow/effects.ts';
import { failureOutcome } from '../workflow/failure.ts';
import type { Graph } from '../workflow/graph.ts';
import type { RunState } from '../workflow/run-state.ts';
import type { HandlerActivityInput } from './handler-activity.ts';
import type { WorkflowCalls } from './workflow-calls.ts';
import { executorFunction, nodeSessionKey, scopedName } from './workflow-names.ts';

/** A call under way: its task, and what its end means. */
export interface StartedCall<Task extends DurableTask> {
  task: Task;
  outcome(): CallOutcome;
}

/** The activity of a function, a class or a port. */
export function startHandler<Task extends DurableTask>(
  calls: WorkflowCalls<Task>,
  { workflow, fingerprint, runId }: RunState,
  call: HandlerCall,
  superstep: number,
): StartedCall<Task> {
  // As text: what the runner changes later must not change what was sent.
  const input: HandlerActivityInput = { call: JSON.stringify(call), runId, superstep, fingerprint };
  const task = calls.callActivity(executorFunction(workflow, call.executorId), { ...input });
  return {
    task,
    outcome: () => (task.isFaulted ? hostFailure(task.result) : (task.result as CallOutcome)),
  };
}

/** A turn of the node's session. */
export function startAgent<Task extends DurableTask>(
  calls: WorkflowCalls<Task>,
  graph: Graph,
  { workflow, runId }: RunState,
  call: AgentCall,
): StartedCall<Task> {
  const { executorId, messages, responseFormat } = call;
  const { name, durability } = agentOf(graph, executorId);
  const scoped = scopedName(workflow, executorId);
  const agent = new DurableAgent(scoped, calls, durability);
  const session = agent.createSession(nodeSessionKey(runId, call.session === 'new' ? call.id : undefined));
  const task = agent.run(messages, { session, ...(responseFormat && { responseFormat }) });
  return {
    task,
    outcome: () => {
      if (!task.isFaulted) return { status: 'answered', response: named(task.result as AgentResponse, scoped, name) };
      const { result } = task;
      if (!(result instanceof AgentCallError)) return hostFailure(result);
      const outcome = failureOutcome(result, true);
      const message = outcome.failure.message.replace(`Agent "${scoped}"`, `Agent "${name}"`);
      return { status: 'failed', failure: { ...outcome.failure, message } };
    },
  };
}

function agentOf(graph: Graph, executorId: string): Agent {
  const node = graph.nodes.get(executorId);
  if (node?.kind !== 'agent') throw new TypeError(`"${executorId}" is no agent.`);
  return node.executor.agent;
}

/** The session signs with the name that the node has in the host; in the workflow the node speaks. */
function named(response: AgentResponse, scoped: string, name: string): AgentResponse {
  const messages = response.messages.map((message) => {
    if (message.authorName !== scoped) return message;
    const { authorName: _, ...rest } = message;
    return rest;
  });
  return { ...response, messages, ...(response.agentId === scoped && { agentId: name }) };
}

/** The host gave up on a call: it took too long, or its function is gone. What follows the first line is a stack. */
export function hostFailure(thrown: unknown): CallOutcome & { status: 'failed' } {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return failureOutcome(new Error(message.split('\n', 1)[0]?.trim() ?? ''), true);
}
