import { createHash } from 'node:crypto';
import type { ChatMessage } from '../agent/message.ts';
import type { JsonValue } from '../json.ts';
import { conversationIn } from './conversation.ts';
import type { AnsweredRequest, Arrival, RunFailure, SentMessage, WorkflowOutcome } from './effects.ts';
import { WorkflowError } from './errors.ts';
import type { EventBody, RunStatus, WorkflowEvent } from './events.ts';
import { type Graph, isTerminal, outputKind } from './graph.ts';
import { type JoinRound, keepForJoin } from './joins.ts';
import { route } from './route.ts';
import type { Envelope, RunState } from './run-state.ts';

/** Where a message comes from: what is passed on with it. */
export interface Origin {
  source: string;
  request?: AnsweredRequest;
  history?: ChatMessage[] | undefined;
}

/** A run at work: its state, and what is only needed between two effects. */
export class Run {
  readonly graph: Graph;
  readonly state: RunState;
  /** Epoch ms, as the driver last said. */
  now: number;
  /** Number of the present superstep, or of the last one. */
  step: number;
  /** What has come in during the superstep. */
  inbox: Arrival[] = [];
  outcome: WorkflowOutcome | undefined;
  /** Set when an executor asked to end the run; null: without a reason. */
  haltReason: string | null | undefined;
  #events: WorkflowEvent[] = [];
  #status: RunStatus | undefined;

  constructor(graph: Graph, state: RunState, now: number) {
    this.graph = graph;
    this.state = state;
    this.now = now;
    this.step = state.superstep;
  }

  event(body: EventBody): void {
    this.state.eventCount++;
    this.#events.push({ ...body, superstep: this.step } as WorkflowEvent);
  }

  takeEvents(): WorkflowEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  status(status: RunStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.event({ type: 'status', status });
  }

  warn(code: string, message: string, executorId?: string): void {
    this.event({ type: 'warning', code, message, ...(executorId !== undefined && { executorId }) });
  }

  /** The first failure stands. */
  fail(failure: Omit<RunFailure, 'superstep'>): void {
    if (this.outcome !== undefined) return;
    const { code, message, executorId } = failure;
    this.event({ type: 'failed', code, message, ...(executorId !== undefined && { executorId }) });
    this.status('failed');
    this.outcome = { ...this.#facts(), status: 'failed', failure: { ...failure, superstep: this.step } };
  }

  cancel(reason: string | undefined): void {
    if (this.outcome !== undefined) return;
    const message = reason === undefined ? 'The run was cancelled.' : `The run was cancelled: ${reason}`;
    this.status('cancelled');
    const failure = { code: 'cancelled', message, superstep: this.step };
    this.outcome = { ...this.#facts(), status: 'cancelled', failure };
  }

  complete(haltReason?: string | null): void {
    if (this.outcome !== undefined) return;
    const facts = this.#facts();
    this.event({ type: 'completed', outputs: facts.outputs.length });
    this.status('idle');
    this.outcome = { ...facts, status: 'completed', ...(haltReason !== undefined && { haltReason }) };
  }

  /** The run ends after this superstep. */
  halt(executorId: string, reason: string | null): void {
    this.haltReason ??= reason;
    this.event({ type: 'halted', executorId, reason });
  }

  takeInbox(): Arrival[] {
    const arrivals = this.inbox;
    this.inbox = [];
    return arrivals;
  }

  #facts(): { outputs: JsonValue[]; supersteps: number } {
    return { outputs: this.state.outputs, supersteps: this.step };
  }

  /** Sends a message of a node along its edges. A failure of routing fails the run. */
  send(message: SentMessage, { source, request, history }: Origin): void {
    const { value, type } = message;
    try {
      const { targets, joins, warnings } = route(this.graph, this.state.passes, source, message);
      for (const { code, message: text } of warnings) this.warn(code, text, source);
      // Of a value that has its conversation in it, no second copy is kept.
      const carried = conversationIn(value) === undefined ? history : undefined;
      for (const edge of joins) keepForJoin(this.state, edge, source, value, carried);
      if (targets.length > 0) {
        this.enqueue({
          ...{ kind: 'message', sources: [source], targets, value },
          ...(type !== undefined && { type }),
          ...(request && { request }),
          ...(carried && { history: carried }),
        });
      } else if (joins.length === 0) {
        const end = isTerminal(this.graph, source) ? 'no edge leads on' : 'no edge took it';
        this.warn('messageDropped', `A message of "${source}" was dropped: ${end}.`, source);
      }
    } catch (error) {
      if (!(error instanceof WorkflowError)) throw error;
      this.fail({ code: error.code, message: `${error.message} ${error.fix ?? ''}`.trim(), executorId: source });
    }
  }

  /** Sends on what a node gives: where no edge leads on, it is an output. */
  give(message: SentMessage, origin: Origin, output: JsonValue = message.value): void {
    if (isTerminal(this.graph, origin.source)) this.output(origin.source, output);
    else this.send(message, origin);
  }

  output(executorId: string, data: JsonValue): void {
    const kind = outputKind(this.graph, executorId);
    if (kind === 'hidden') return;
    if (kind === 'output') this.state.outputs.push(data);
    this.event({ type: kind, executorId, data });
  }

  enqueue(envelope: Omit<Envelope, 'n'>): void {
    this.state.queue.push({ n: this.state.messageCount++, ...envelope });
  }

  enqueueRound({ target, sources, value, failures, history }: JoinRound): void {
    this.enqueue({
      ...{ kind: 'message', sources, targets: [target], value },
      ...(failures.length > 0 && { failures }),
      ...(history && { history }),
    });
  }

  readonly nextMessageId = (): string => `m${this.state.messageCount++}`;
}

/** A request's id, in the form of a UUID: the same again on every replay. */
export function requestIdOf(runId: string, callId: string, index: number): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([runId, callId, index]))
    .digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
