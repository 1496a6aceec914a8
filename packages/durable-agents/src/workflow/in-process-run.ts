import { setTimeout } from 'node:timers/promises';
import type { Agent } from '../agent/agent.ts';
import type { ChatMessage } from '../agent/message.ts';
import type { ApproveCall } from '../agent/run-context.ts';
import type { JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import type {
  AgentCall,
  Arrival,
  CallOutcome,
  ChildOutcome,
  ExecutorCall,
  WorkflowCall,
  WorkflowEffect,
  WorkflowEffectResult,
  WorkflowOutcome,
} from './effects.ts';
import { CheckpointError } from './errors.ts';
import type { WorkflowEvent } from './events.ts';
import { failureOutcome } from './failure.ts';
import type { Graph } from './graph.ts';
import { invokeHandler } from './invoke-handler.ts';
import { parseQualified, qualify, type RequestView, viewRequest } from './pending.ts';
import { checkRunState, newRunState, type RunState } from './run-state.ts';
import { runWorkflow } from './runner.ts';

/** A run in this process between two supersteps: its state, the sessions of its agents, its sub-workflows. */
export interface RunRecord {
  state: RunState;
  sessions: Record<string, ChatMessage[]>;
  /** By `{node}~{ordinal}`. */
  children: Record<string, RunRecord>;
}

/** What a run shares with its sub-workflows. */
export interface InProcessServices {
  signal: AbortSignal;
  log: Logger;
  now: () => number;
  /** Decides on tool calls of agents that need approval. */
  approve: ApproveCall | undefined;
  /** Called with each event, its executor ids qualified. */
  onEvent: (event: WorkflowEvent) => void;
}

/** What only the outermost run does between its supersteps. */
export interface Boundary {
  /** The state is whole. */
  checkpoint: () => void;
  /** Answers that have come by now. */
  poll: () => Promise<readonly Arrival[]>;
}

/** Plays the effects of one run in this process; sub-workflows are runs of their own within it. */
export class InProcessRun {
  readonly #graph: Graph;
  readonly #state: RunState;
  readonly #sessions: Map<string, ChatMessage[]>;
  readonly #children = new Map<string, InProcessRun>();
  readonly #services: InProcessServices;
  #steps: Generator<WorkflowEffect, WorkflowOutcome, WorkflowEffectResult> | undefined;
  #step: IteratorResult<WorkflowEffect, WorkflowOutcome> | undefined;

  constructor(graph: Graph, { state, sessions, children }: RunRecord, services: InProcessServices) {
    this.#graph = graph;
    this.#state = state;
    this.#sessions = new Map(Object.entries(sessions));
    this.#services = services;
    checkRunState(graph, state);
    for (const [key, record] of Object.entries(children)) {
      const node = graph.nodes.get(key.slice(0, key.lastIndexOf('~')));
      if (node?.kind !== 'workflow') {
        const message = `The checkpoint has a sub-workflow "${key}", which "${graph.name}" has not.`;
        throw new CheckpointError('invalidCheckpoint', message, { fix: 'Pass a checkpoint as it was given.' });
      }
      this.#children.set(key, this.#child(node.executor.workflow.graph, key, record));
    }
  }

  /** Goes on until the run is over, or waits (undefined); it takes the arrivals first. */
  async advance(arrivals: readonly Arrival[], boundary?: Boundary): Promise<WorkflowOutcome | undefined> {
    const { now } = this.#services;
    if (this.#steps === undefined) {
      this.#steps = runWorkflow(this.#graph, this.#state, now(), arrivals);
      this.#step = this.#steps.next();
    } else if (arrivals.length > 0) {
      this.#step = this.#steps.next({ type: 'wait', now: now(), arrivals });
    }
    for (;;) {
      const step = this.#step as IteratorResult<WorkflowEffect, WorkflowOutcome>;
      if (step.done) return step.value;
      if (step.value.type === 'wait') return undefined;
      this.#step = this.#steps.next(await this.#perform(step.value, boundary));
    }
  }

  /** Takes an answer to a request of this run or of a sub-workflow. Gives what arrives at this run by it. */
  async answer(arrival: Arrival & { requestId: string }): Promise<Arrival[]> {
    const [child] = parseQualified(arrival.requestId)?.children ?? [];
    if (child === undefined) return [arrival];
    const { executorId, ordinal } = child;
    const run = this.#children.get(`${executorId}~${ordinal}`);
    if (run === undefined) return [];
    const rest = arrival.requestId.slice(`${executorId}~${ordinal}~`.length);
    const outcome = await run.advance(await run.answer({ ...arrival, requestId: rest }));
    if (outcome === undefined) return [];
    this.#children.delete(`${executorId}~${ordinal}`);
    return [{ type: 'child', executorId, ordinal, outcome: childOutcome(outcome) }];
  }

  /** All that waits for answers, requests of sub-workflows with qualified ids. */
  requests(): RequestView[] {
    const own = this.#state.requests.map((request) => viewRequest(this.#graph, request));
    const inner = this.#state.children.flatMap(({ executorId, ordinal }) =>
      (this.#children.get(`${executorId}~${ordinal}`)?.requests() ?? []).map((request) => ({
        ...request,
        requestId: qualify(executorId, ordinal, request.requestId),
        executorId: qualify(executorId, ordinal, request.executorId),
      })),
    );
    return [...own, ...inner];
  }

  get outputs(): readonly JsonValue[] {
    return this.#state.outputs;
  }

  get supersteps(): number {
    return this.#state.superstep;
  }

  /** A copy of the run as it is now. Whole only at a checkpoint or while the run waits. */
  record(): RunRecord {
    const children: Record<string, RunRecord> = {};
    for (const [key, child] of this.#children) children[key] = child.record();
    return { ...structuredClone({ state: this.#state, sessions: Object.fromEntries(this.#sessions) }), children };
  }

  async #perform(
    effect: Exclude<WorkflowEffect, { type: 'wait' }>,
    boundary: Boundary | undefined,
  ): Promise<WorkflowEffectResult> {
    const { now, onEvent, signal } = this.#services;
    switch (effect.type) {
      case 'emit':
        for (const event of effect.events) onEvent(event);
        return { type: 'emit' };
      case 'call': {
        if (effect.delayMs > 0) await pause(effect.delayMs, signal);
        const { superstep } = effect;
        const outcomes = await Promise.all(effect.calls.map((call) => this.#call(call, superstep)));
        return { type: 'call', outcomes, now: now(), arrivals: signal.aborted ? [cancelOf(signal)] : [] };
      }
      case 'checkpoint':
        boundary?.checkpoint();
        return {
          type: 'checkpoint',
          now: now(),
          arrivals: signal.aborted ? [cancelOf(signal)] : ((await boundary?.poll()) ?? []),
        };
    }
  }

  async #call(call: ExecutorCall, superstep: number): Promise<CallOutcome> {
    const { signal, log } = this.#services;
    switch (call.kind) {
      case 'handler':
        // As in a host, nothing is shared with the state: what a handler does to its message stays there.
        return invokeHandler(this.#graph, structuredClone(call), {
          ...{ workflowName: this.#graph.name, runId: this.#state.runId, superstep },
          ...{ signal, log },
        });
      case 'agent':
        return this.#callAgent(call);
      case 'workflow':
        return this.#callWorkflow(call);
    }
  }

  async #callAgent({ executorId, messages, session, responseFormat, id }: AgentCall): Promise<CallOutcome> {
    const { signal, log, approve } = this.#services;
    const before = session === 'run' ? (this.#sessions.get(executorId) ?? []) : [];
    try {
      const response = await this.#agent(executorId).run([...before, ...messages], {
        ...{ signal, log, sessionId: `${this.#state.runId}/${executorId}`, correlationId: id },
        ...(responseFormat && { responseFormat }),
        approve,
      });
      if (session === 'run') this.#sessions.set(executorId, [...before, ...messages, ...response.messages]);
      return { status: 'answered', response };
    } catch (error) {
      return failureOutcome(error, true);
    }
  }

  #agent(executorId: string): Agent {
    const node = this.#graph.nodes.get(executorId);
    if (node?.kind !== 'agent') throw new TypeError(`"${executorId}" is no agent.`);
    return node.executor.agent;
  }

  async #callWorkflow({ executorId, ordinal, input, type }: WorkflowCall): Promise<CallOutcome> {
    const node = this.#graph.nodes.get(executorId);
    if (node?.kind !== 'workflow') throw new TypeError(`"${executorId}" is no workflow.`);
    const { graph } = node.executor.workflow;
    const state = newRunState(graph, `${this.#state.runId}::${executorId}::${ordinal}`, structuredClone(input), {
      ...(type !== undefined && { type }),
    });
    const key = `${executorId}~${ordinal}`;
    const child = this.#child(graph, key, { state, sessions: {}, children: {} });
    const outcome = await child.advance([]);
    if (outcome !== undefined) return childOutcome(outcome);
    this.#children.set(key, child);
    return { status: 'suspended' };
  }

  #child(graph: Graph, key: string, record: RunRecord): InProcessRun {
    const onEvent = (event: WorkflowEvent) => {
      if (!('executorId' in event) || event.executorId === undefined || event.type === 'failed') return;
      const inner = { ...event, executorId: `${key}~${event.executorId}` };
      // What the inner workflow gives is for its node to pass on.
      if (inner.type === 'output') this.#services.onEvent({ ...inner, type: 'intermediate' });
      else if (inner.type === 'requestInfo' || inner.type === 'requestAnswered') {
        this.#services.onEvent({ ...inner, requestId: `${key}~${inner.requestId}` });
      } else this.#services.onEvent(inner);
    };
    return new InProcessRun(graph, record, { ...this.#services, onEvent });
  }
}

function childOutcome(outcome: WorkflowOutcome): ChildOutcome {
  if (outcome.status === 'completed') return { status: 'finished', outputs: outcome.outputs };
  const { code, message, cause } = outcome.failure;
  return { status: 'failed', failure: { code, message, retryable: false, ...(cause && { cause }) } };
}

/** Why the run is stopped, for the runner. */
export function cancelOf({ reason }: AbortSignal): Arrival {
  return { type: 'cancel', ...(reason instanceof Error && { reason: reason.message }) };
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(delayMs, undefined, { signal });
  } catch (error) {
    // The abort is seen with the next result.
    if (!signal.aborted) throw error;
  }
}
