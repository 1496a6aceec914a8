import type { JsonValue } from '../json.ts';
import type { AgentAnswer } from './agent-answer.ts';
import type { BranchFailure, CallFailure, ChildOutcome, HandlerOutcome } from './effects.ts';
import { type GraphNode, isDesignated } from './graph.ts';
import { failForJoins } from './joins.ts';
import { historyOf, type Lane, type Settled } from './lanes.ts';
import { openRequest } from './open-request.ts';
import type { Run } from './run.ts';
import { applyChanges, type StateChange, stateConflicts } from './shared-state.ts';

/** Makes what the executors of a superstep did visible, in the order of the graph, then of their messages. */
export function settle(run: Run, lanes: readonly Lane[]): void {
  const changes = new Map<string, StateChange[]>();
  for (const { node, settled } of lanes) {
    for (const one of settled) {
      settleCall(run, node, one);
      if (one.outcome.status === 'completed' && one.outcome.changes) {
        changes.set(node.id, [...(changes.get(node.id) ?? []), ...one.outcome.changes]);
      }
    }
  }
  for (const { scope, key, executorIds } of stateConflicts(changes)) {
    const what = key === undefined ? `the scope "${scope}"` : `"${key}" in the scope "${scope}"`;
    const names = executorIds.map((id) => `"${id}"`).join(' and ');
    run.warn('stateConflict', `${names} changed ${what} in the same superstep; the last in graph order stands.`);
  }
  for (const list of changes.values()) run.state.shared = applyChanges(run.state.shared, list);
}

/** Ends the run, or only the branch, as the executor has it. */
export function settleFailure(run: Run, node: GraphNode, failure: CallFailure, attempts: number): void {
  const { id: executorId, executor } = node;
  const { code, cause } = failure;
  const times = attempts === 1 ? '' : ` after ${attempts} attempts`;
  const message = `Executor "${executorId}" failed in superstep ${run.step}${times}: ${failure.message}`;
  if (failurePolicy(run, node) === 'continue') {
    const branch: BranchFailure = { executorId, superstep: run.step, code, message: failure.message, attempts };
    failForJoins(run.graph, run.state, branch);
    run.warn('branchFailed', `${message} The run goes on without it.`, executorId);
    return;
  }
  run.fail({ code, message, executorId: executor.id, attempts, ...(cause && { cause }) });
}

export function failurePolicy(run: Run, { executor }: GraphNode): 'fail' | 'continue' {
  return ('onFailure' in executor ? executor.onFailure : undefined) ?? run.graph.onFailure;
}

/** What a sub-workflow gave: messages of its node, or outputs of the run. */
export function settleChild(run: Run, node: GraphNode & { kind: 'workflow' }, outcome: ChildOutcome): void {
  if (outcome.status === 'failed') {
    settleFailure(run, node, outcome.failure, 1);
    return;
  }
  for (const value of outcome.outputs) {
    if (node.executor.directOutput) {
      run.output(node.id, value);
      continue;
    }
    yieldDesignated(run, node.id, value);
    run.give({ value }, { source: node.id });
  }
}

function settleCall(run: Run, node: GraphNode, settled: Settled): void {
  const { outcome } = settled;
  switch (outcome.status) {
    case 'completed':
      settleHandler(run, node.id, settled, outcome);
      break;
    case 'answered':
      settleAgent(run, node.id, settled.answer as AgentAnswer);
      break;
    case 'suspended':
      run.state.children.push({ executorId: node.id, ordinal: settled.ordinal as number });
      break;
    case 'finished':
      settleChild(run, node as GraphNode & { kind: 'workflow' }, outcome);
      break;
    case 'failed':
      settleFailure(run, node, outcome.failure, settled.attempt);
      break;
  }
}

function settleHandler(run: Run, id: string, { envelope }: Settled, outcome: HandlerOutcome): void {
  if (outcome.dropped !== undefined) {
    run.event({ type: 'executorBypassed', executorId: id, reason: outcome.dropped });
    return;
  }
  const origin = { source: id, history: historyOf(run, envelope) };
  for (const { name, data } of outcome.events ?? []) run.event({ type: 'custom', executorId: id, name, data });
  for (const data of outcome.outputs ?? []) run.output(id, data);
  for (const message of outcome.messages ?? []) run.send(message, origin);
  if (outcome.returned !== undefined) run.give(outcome.returned, origin);
  for (const request of outcome.requests ?? []) openRequest(run, id, request, origin.history);
  if (outcome.halt !== undefined) run.halt(id, outcome.halt.reason);
}

function settleAgent(run: Run, id: string, answer: AgentAnswer): void {
  const output = answer.value ?? answer.text;
  yieldDesignated(run, id, output);
  run.give({ value: answer as unknown as JsonValue }, { source: id }, output);
}

/** Of a node that has successors, the answer is an output only if the workflow says so. */
function yieldDesignated(run: Run, id: string, value: JsonValue): void {
  const sendsOn = (run.graph.edgesFrom.get(id) ?? []).length > 0;
  if (sendsOn && isDesignated(run.graph, id)) run.output(id, value);
}
