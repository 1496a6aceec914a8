import type { DurableTask } from '../durable/orchestration-calls.ts';
import type { JsonObject } from '../json.ts';
import type {
  Arrival,
  CallOutcome,
  ChildOutcome,
  ExecutorCall,
  WorkflowCall,
  WorkflowEffect,
  WorkflowEffectResult,
  WorkflowOutcome,
} from '../workflow/effects.ts';
import type { WorkflowEvent } from '../workflow/events.ts';
import type { Graph } from '../workflow/graph.ts';
import { newRunState } from '../workflow/run-state.ts';
import { runWorkflow } from '../workflow/runner.ts';
import { customStatus } from './custom-status.ts';
import { lettersAfter, newLetters } from './node-letters.ts';
import type { SyncResult } from './request-desk.ts';
import type { ChildRecord, ChildResult, RunPlace, RunRecord } from './run-record.ts';
import { writeResume } from './run-record.ts';
import { arrivalsOf, routeArrivals, syncInput } from './run-requests.ts';
import { hostFailure, type StartedCall, startAgent, startHandler } from './start-call.ts';
import { settleAll, type WorkflowCalls } from './workflow-calls.ts';
import { childInstanceId, childRunId, requestsEntity, workflowOrchestrator } from './workflow-names.ts';

/** How far a run got: `restart` when its history is long enough, at a place where its record is whole. */
export type Advanced = { status: 'over'; outcome: WorkflowOutcome } | { status: 'waiting' } | { status: 'restart' };

/** Supersteps and characters of results after which an orchestration begins a new history. */
const longSupersteps = 20;
const longChars = 400_000;

interface Child<Task> {
  key: string;
  task: Task;
}

/** Plays the effects of one run with the calls of its orchestration. `record` is whole whenever `advance` returns. */
export class RunDriver<Task extends DurableTask> {
  readonly record: RunRecord;
  readonly #calls: WorkflowCalls<Task>;
  readonly #graph: Graph;
  readonly #place: RunPlace;
  /** Answers for sub-workflows that wait. */
  #due = new Map<string, Arrival[]>();
  #supersteps = 0;
  #chars = 0;

  constructor(calls: WorkflowCalls<Task>, graph: Graph, record: RunRecord, place: RunPlace) {
    this.#calls = calls;
    this.#graph = graph;
    this.record = record;
    this.#place = place;
  }

  /** Goes on, with what has arrived, until the run is over, waits, or has a long history. */
  *advance(arrivals: readonly Arrival[]): Generator<Task, Advanced, unknown> {
    const steps = runWorkflow(this.#graph, this.record.state, this.#calls.now(), arrivals);
    let step = steps.next();
    while (!step.done) {
      const effect = step.value;
      if (effect.type === 'wait') return { status: 'waiting' };
      if (effect.type === 'checkpoint') {
        this.#supersteps++;
        if (this.isLong) return { status: 'restart' };
      }
      step = steps.next(yield* this.#perform(effect));
    }
    return { status: 'over', outcome: step.value };
  }

  /** Whether to begin a new history, where nothing is on its way. */
  get isLong(): boolean {
    return this.#due.size === 0 && (this.#supersteps >= longSupersteps || this.#chars >= longChars);
  }

  /** What has come in while the run waits: answers, ends of time, sub-workflows that went on and have ended. */
  *collect(): Generator<Task, Arrival[], unknown> {
    const own = yield* this.sync();
    if (this.#due.size === 0) return own;
    const children = this.#startDue();
    yield* settleAll(
      this.#calls,
      children.map(({ task }) => task),
    );
    return [...own, ...children.flatMap((child) => this.#endedChild(child))];
  }

  /** Tells the entity of new requests, and takes what was answered. Costs nothing while there are none. */
  *sync(): Generator<Task, Arrival[], unknown> {
    const input = syncInput(this.record, this.#place.prefix, this.#calls.now());
    if (input === undefined) return [];
    this.record.usedDesk = true;
    const given = yield this.#calls.callEntity(
      requestsEntity,
      this.#place.root,
      'sync',
      input as unknown as JsonObject,
    );
    this.#chars += JSON.stringify(given).length;
    this.record.asked = this.record.state.requests.map(({ requestId }) => requestId);
    return this.receive(arrivalsOf(given as SyncResult, this.#place.prefix));
  }

  /** Keeps what is for sub-workflows, and gives what is for the run itself. */
  receive(arrivals: readonly Arrival[]): Arrival[] {
    const { own, children } = routeArrivals(arrivals);
    for (const [key, list] of children) {
      if (key in this.record.children) this.#due.set(key, [...(this.#due.get(key) ?? []), ...list]);
    }
    return own;
  }

  publish(state: 'running' | 'waiting_for_human_input' = 'running'): void {
    this.#calls.setCustomStatus(customStatus(this.record, { state }));
  }

  *#perform(effect: Exclude<WorkflowEffect, { type: 'wait' }>): Generator<Task, WorkflowEffectResult, unknown> {
    switch (effect.type) {
      case 'emit':
        for (const event of effect.events) this.#note(event);
        this.publish();
        return { type: 'emit' };
      case 'checkpoint': {
        const arrivals = yield* this.sync();
        return { type: 'checkpoint', now: this.#calls.now(), arrivals };
      }
      case 'call':
        if (effect.delayMs > 0) yield this.#calls.timer(this.#calls.now() + effect.delayMs);
        return yield* this.#callAll(effect.calls, effect.superstep);
    }
  }

  #note(event: WorkflowEvent): void {
    this.record.nodes = lettersAfter(this.#graph, this.record.nodes, event);
  }

  *#callAll(calls: readonly ExecutorCall[], superstep: number): Generator<Task, WorkflowEffectResult, unknown> {
    const started = calls.map((call) => this.#start(call, superstep));
    // Sub-workflows that were answered go on beside the superstep.
    const children = this.#startDue();
    yield* settleAll(
      this.#calls,
      [...started, ...children].map(({ task }) => task),
    );
    const outcomes = started.map((one) => one.outcome());
    const arrivals = children.flatMap((child) => this.#endedChild(child));
    this.#chars += JSON.stringify(outcomes).length;
    return { type: 'call', outcomes, now: this.#calls.now(), arrivals };
  }

  #start(call: ExecutorCall, superstep: number): StartedCall<Task> {
    const { state } = this.record;
    switch (call.kind) {
      case 'handler':
        return startHandler(this.#calls, state, call, superstep);
      case 'agent':
        return startAgent(this.#calls, this.#graph, state, call);
      case 'workflow':
        return this.#startWorkflow(call);
    }
  }

  #startWorkflow({ executorId, ordinal, input, type }: WorkflowCall): StartedCall<Task> {
    const graph = this.#innerGraph(executorId);
    const runId = childRunId(this.record.state.runId, executorId, ordinal);
    const state = newRunState(graph, runId, input, { ...(type !== undefined && { type }) });
    const record = { state, nodes: newLetters(graph), asked: [], usedDesk: false, children: {}, round: 0 };
    const key = `${executorId}~${ordinal}`;
    const task = this.#startChild(key, record, []);
    return {
      task,
      outcome: (): CallOutcome => {
        if (task.isFaulted) return hostFailure(task.result);
        const outcome = this.#takeResult(key, 0, task.result as ChildResult);
        return outcome ?? { status: 'suspended' };
      },
    };
  }

  #startDue(): Child<Task>[] {
    const due = [...this.#due];
    this.#due = new Map();
    return due.map(([key, arrivals]) => {
      const record = this.record.children[key] as ChildRecord;
      record.round++;
      return { key, task: this.#startChild(key, record, arrivals) };
    });
  }

  #startChild(key: string, record: ChildRecord, arrivals: Arrival[]): Task {
    const { root, prefix } = this.#place;
    const place = { root, prefix: `${prefix}${key}~` };
    const { runId, workflow } = record.state;
    const input = writeResume({ record, arrivals, place }, '');
    return this.#calls.callChild(workflowOrchestrator(workflow), childInstanceId(runId, record.round), input);
  }

  #endedChild({ key, task }: Child<Task>): Arrival[] {
    const round = this.record.children[key]?.round ?? 0;
    const outcome = task.isFaulted
      ? hostFailure(task.result)
      : this.#takeResult(key, round, task.result as ChildResult);
    if (outcome === undefined) return [];
    delete this.record.children[key];
    const at = key.lastIndexOf('~');
    const ordinal = Number(key.slice(at + 1));
    return [{ type: 'child', executorId: key.slice(0, at), ordinal, outcome: outcome as ChildOutcome }];
  }

  /** Keeps a sub-workflow that waits; gives the outcome of one that is over. */
  #takeResult(key: string, round: number, result: ChildResult): ChildOutcome | undefined {
    this.#chars += JSON.stringify(result).length;
    if (result.status === 'waiting') {
      this.record.children[key] = { ...result.record, round };
      return undefined;
    }
    this.record.usedDesk ||= result.usedDesk;
    return childOutcome(result.outcome);
  }

  #innerGraph(executorId: string): Graph {
    const node = this.#graph.nodes.get(executorId);
    if (node?.kind !== 'workflow') throw new TypeError(`"${executorId}" is no workflow.`);
    return node.executor.workflow.graph;
  }
}

function childOutcome(outcome: WorkflowOutcome): ChildOutcome {
  if (outcome.status === 'completed') return { status: 'finished', outputs: outcome.outputs };
  const { code, message, cause } = outcome.failure;
  return { status: 'failed', failure: { code, message, retryable: false, ...(cause && { cause }) } };
}
