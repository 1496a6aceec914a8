import type { ChatMessage } from '../agent/message.ts';
import { conversationIn, failureNote, type Heard, hear, merged, unseen } from './conversation.ts';
import type { AgentCall, CallFailure, CallOutcome, Delivery, ExecutorCall } from './effects.ts';
import type { GraphNode } from './graph.ts';
import { retryDelay } from './retry.ts';
import type { Run } from './run.ts';
import type { Envelope } from './run-state.ts';
import { applyChanges, type SharedState } from './shared-state.ts';

/** A call with its end, or what stood in its place. */
export interface Settled {
  envelope: Envelope;
  callId: string;
  attempt: number;
  outcome: CallOutcome;
  /** For agents: the conversation that the turn was about. */
  heard?: ChatMessage[];
  /** For sub-workflows. */
  ordinal?: number;
}

interface Open {
  envelope: Envelope;
  call: ExecutorCall;
  heard?: ChatMessage[];
}

/**
 * The messages of one executor in a superstep, one after the other; those of a sub-workflow at once, each for a child
 * of its own.
 */
export class Lane {
  readonly node: GraphNode;
  readonly settled: Settled[] = [];
  readonly #run: Run;
  readonly #waiting: Envelope[];
  #repeat: Open[] = [];
  #state: SharedState;
  #count = 0;

  constructor(run: Run, node: GraphNode, envelopes: readonly Envelope[]) {
    this.#run = run;
    this.node = node;
    this.#waiting = [...envelopes];
    this.#state = run.state.shared;
  }

  /** The calls that come next. */
  next(): Open[] {
    if (this.#repeat.length > 0) {
      const again = this.#repeat;
      this.#repeat = [];
      return again;
    }
    const open: Open[] = [];
    while (this.#waiting.length > 0 && (open.length === 0 || this.node.kind === 'workflow')) {
      const made = this.#open(this.#waiting.shift() as Envelope);
      if (made !== undefined) open.push(made);
    }
    for (const { envelope } of open) {
      this.#run.event({ type: 'executorInvoked', executorId: this.node.id, sources: envelope.sources });
    }
    return open;
  }

  /** Takes the end of a call. Gives milliseconds to wait, if it is made again. */
  end({ envelope, call, heard }: Open, outcome: CallOutcome): number | undefined {
    const { id: executorId } = this.node;
    if (outcome.status === 'failed') {
      const { code, message, retryable, cause } = outcome.failure;
      const policy = 'retry' in this.node.executor ? this.node.executor.retry : undefined;
      const again = retryable && policy !== undefined && call.attempt < policy.maxAttempts;
      const retryInMs = again ? retryDelay(policy, call.attempt) : undefined;
      this.#run.event({
        ...{ type: 'executorFailed', executorId, attempt: call.attempt, code, message },
        ...(retryInMs !== undefined && { retryInMs }),
        ...(cause && { cause }),
      });
      if (retryInMs !== undefined) {
        this.#repeat.push({ envelope, call: { ...call, attempt: call.attempt + 1 }, ...(heard && { heard }) });
        return retryInMs;
      }
    } else if (outcome.status !== 'suspended') {
      this.#run.event({ type: 'executorCompleted', executorId });
    }
    if (outcome.status === 'completed') this.#state = applyChanges(this.#state, outcome.changes ?? []);
    if (outcome.status === 'answered' && call.kind === 'agent') this.#remember(call, outcome.response.messages);
    this.settled.push({
      ...{ envelope, callId: call.id, attempt: call.attempt, outcome },
      ...(heard && { heard }),
      ...(call.kind === 'workflow' && { ordinal: call.ordinal }),
    });
    return undefined;
  }

  #open(envelope: Envelope): Open | undefined {
    const { node } = this;
    const id = `${this.#run.step}/${node.id}/${this.#count++}`;
    const base = { id, executorId: node.id, attempt: 1 };
    if (node.kind === 'agent') return this.#openAgent(envelope, base);
    if (node.kind === 'workflow') {
      const { childCounts } = this.#run.state;
      const ordinal = childCounts[node.id] ?? 0;
      childCounts[node.id] = ordinal + 1;
      const { value: input, type } = envelope;
      return { envelope, call: { ...base, kind: 'workflow', ordinal, input, ...(type !== undefined && { type }) } };
    }
    return { envelope, call: { ...base, kind: 'handler', delivery: deliveryOf(envelope), state: this.#state } };
  }

  #openAgent(envelope: Envelope, base: Pick<AgentCall, 'id' | 'executorId' | 'attempt'>): Open | undefined {
    const heard = this.#heard(envelope);
    if (heard === undefined) {
      this.#refuse(envelope, base.id);
      return undefined;
    }
    const { session, conversation, responseFormat } = (this.node as GraphNode & { kind: 'agent' }).executor;
    const { seen, held } = this.#run.state;
    const kept = held[base.executorId] ?? [];
    const told = unseen(heard, conversation, session === 'run' ? (seen[base.executorId] ?? []) : []);
    if (!heard.shouldRespond) {
      held[base.executorId] = [...kept, ...told];
      this.#run.event({
        type: 'executorBypassed',
        executorId: base.executorId,
        reason: 'It was told without a question.',
      });
      return undefined;
    }
    delete held[base.executorId];
    return {
      envelope,
      call: {
        ...{ ...base, kind: 'agent', messages: merged([kept, told]), session },
        ...(responseFormat && { responseFormat }),
      },
      heard: heard.conversation,
    };
  }

  #heard({ n, value, sources, history, failures }: Envelope): Heard | undefined {
    // The input of a run is data for an agent, whatever it looks like.
    const heard = hear(value, `m${n}`) ?? (sources.length === 0 ? hear(JSON.stringify(value), `m${n}`) : undefined);
    const note = failures && failureNote(failures, `m${n}.failures`);
    const none = note && Array.isArray(value) && value.length === 0;
    if (heard === undefined && !none) return undefined;
    const { conversation = [], latest = [], shouldRespond = true } = heard ?? {};
    return {
      conversation: merged([history ?? [], conversation, note ? [note] : []]),
      latest: [...latest, ...(note ? [note] : [])],
      shouldRespond,
    };
  }

  #refuse(envelope: Envelope, callId: string): void {
    const executorId = this.node.id;
    const problem = `The agent "${executorId}" cannot take a message from ${envelope.sources.map((id) => `"${id}"`).join(', ')}`;
    const message = `${problem}: it takes a text, messages, a request with messages, or the answer of an agent.`;
    if (this.#run.graph.unhandled === 'drop') {
      this.#run.event({ type: 'executorBypassed', executorId, reason: message });
      return;
    }
    const failure: CallFailure = { code: 'messageNotAccepted', message, retryable: false };
    this.settled.push({ envelope, callId, attempt: 1, outcome: { status: 'failed', failure } });
  }

  #remember(call: AgentCall, answer: readonly ChatMessage[]): void {
    if (call.session === 'new') return;
    const { seen } = this.#run.state;
    const ids = [...call.messages, ...answer].flatMap(({ messageId }) => (messageId === undefined ? [] : [messageId]));
    seen[call.executorId] = [...(seen[call.executorId] ?? []), ...ids];
  }
}

function deliveryOf({ kind, sources, value, type, request, failures }: Envelope): Delivery {
  return {
    ...{ kind, sources, value },
    ...(type !== undefined && { type }),
    ...(request && { request }),
    ...(failures && { failures }),
  };
}

/** The conversation that goes on with what an executor makes of a message. */
export function historyOf({ value, history }: Envelope): ChatMessage[] | undefined {
  return conversationIn(value) ?? history;
}
