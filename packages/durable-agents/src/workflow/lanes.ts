import type { ChatMessage } from '../agent/message.ts';
import type { AgentAnswer } from './agent-answer.ts';
import { answerOf, conversationIn, failureNote, type Heard, hear, hearCaller, merged, unseen } from './conversation.ts';
import type { AgentCall, CallFailure, CallOutcome, Delivery, ExecutorCall } from './effects.ts';
import { failureOutcome } from './failure.ts';
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
  /** For agents. */
  answer?: AgentAnswer;
  /** For sub-workflows. */
  ordinal?: number;
}

interface Open {
  envelope: Envelope;
  call: ExecutorCall;
  /** For agents: the conversation that the turn is about. */
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
    const answer = call.kind === 'agent' ? this.#answer(call, outcome, heard ?? []) : undefined;
    this.settled.push({
      ...{ envelope, callId: call.id, attempt: call.attempt, outcome },
      ...(answer && { answer }),
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
    let told: ChatMessage[];
    try {
      told = unseen(heard, conversation, session === 'run' ? (seen[base.executorId] ?? []) : []);
    } catch (error) {
      this.#settle(envelope, base.id, failureOutcome(error, false));
      return undefined;
    }
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

  #heard(envelope: Envelope): Heard | undefined {
    const { n, value, history, failures } = envelope;
    const heard = isFromCaller(this.#run, envelope) ? hearCaller(value, `m${n}`) : hear(value, `m${n}`);
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
    this.#settle(envelope, callId, { status: 'failed', failure });
  }

  /** A call that is not made. */
  #settle(envelope: Envelope, callId: string, outcome: CallOutcome & { status: 'failed' }): void {
    const { code, message } = outcome.failure;
    this.#run.event({ type: 'executorFailed', executorId: this.node.id, attempt: 1, code, message });
    this.settled.push({ envelope, callId, attempt: 1, outcome });
  }

  /** The answer of an agent, whose messages count as seen by it. */
  #answer(call: AgentCall, outcome: CallOutcome, heard: ChatMessage[]): AgentAnswer | undefined {
    if (outcome.status !== 'answered') return undefined;
    const answer = answerOf(call.executorId, outcome.response, heard, this.#run.nextMessageId);
    if (call.session === 'run') {
      const { seen } = this.#run.state;
      const ids = [...call.messages, ...answer.messages].flatMap(({ messageId }) => messageId ?? []);
      seen[call.executorId] = [...(seen[call.executorId] ?? []), ...ids];
    }
    return answer;
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

/** Whether the value of a message was sent by a caller of the workflow: such a value is never a conversation. */
function isFromCaller({ graph, state }: Run, { kind, sources, request }: Envelope): boolean {
  if (sources.length === 0) return state.isInner !== true;
  const isAnswer = kind === 'response' || sources.some((id) => graph.nodes.get(id)?.kind === 'port');
  // When nobody answered, the value is the app's own.
  return isAnswer && request?.timedOut !== true;
}

/** The conversation that goes on with what an executor makes of a message. */
export function historyOf(run: Run, envelope: Envelope): ChatMessage[] | undefined {
  return (isFromCaller(run, envelope) ? undefined : conversationIn(envelope.value)) ?? envelope.history;
}
