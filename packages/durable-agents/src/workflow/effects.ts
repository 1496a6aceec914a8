import type { ChatMessage } from '../agent/message.ts';
import type { AgentResponse } from '../agent/response.ts';
import type { JsonSchema, JsonValue } from '../json.ts';
import type { WorkflowEvent } from './events.ts';
import type { OpenChild, PendingRequest, RunState } from './run-state.ts';
import type { SharedState, StateChange } from './shared-state.ts';

/** An error as a run keeps it: no stack. */
export interface ErrorFact {
  name: string;
  message: string;
  code?: string;
  cause?: ErrorFact;
}

/** Why a run failed. */
export interface RunFailure {
  /** Stable, such as `executorFailed`, `superstepLimit` or `requestTimedOut`. */
  code: string;
  message: string;
  superstep: number;
  executorId?: string;
  /** How often the executor was tried. */
  attempts?: number;
  cause?: ErrorFact;
}

/** An executor that failed while the run goes on without it. */
export interface BranchFailure {
  executorId: string;
  superstep: number;
  code: string;
  message: string;
  attempts: number;
}

/** The request behind a response. */
export interface AnsweredRequest {
  requestId: string;
  portId: string;
  data: JsonValue;
  /** Nobody answered in time: the value is the port's `onTimeout.answer`. */
  timedOut?: boolean;
}

/** One message as an executor gets it. */
export interface Delivery {
  kind: 'message' | 'response';
  /** Who sent it; none for the input of the run. */
  sources: string[];
  value: JsonValue;
  /** Name of its message type. */
  type?: string;
  request?: AnsweredRequest;
  /** At a join: the branches of this round that failed. */
  failures?: BranchFailure[];
}

interface CallBase {
  /** Unique in the run and the same on every attempt. */
  id: string;
  executorId: string;
  /** 1 for the first. */
  attempt: number;
}

/** A function or class executor that handles one message. */
export interface HandlerCall extends CallBase {
  kind: 'handler';
  delivery: Delivery;
  /** As it was when the superstep began, with the executor's own changes since. Not to be changed. */
  state: SharedState;
}

/** One turn of an agent. */
export interface AgentCall extends CallBase {
  kind: 'agent';
  /** What the agent has not seen yet. */
  messages: ChatMessage[];
  /** `run`: the session that this node has for the run; `new`: one of its own for this call. */
  session: 'run' | 'new';
  /** JSON Schema of a structured answer. */
  responseFormat?: JsonSchema;
}

/** A sub-workflow. */
export interface WorkflowCall extends CallBase {
  kind: 'workflow';
  /** Counts the children of this node over the run, from 0: with the node's id, the child's name. */
  ordinal: number;
  input: JsonValue;
  type?: string;
}

export type ExecutorCall = HandlerCall | AgentCall | WorkflowCall;

/** A message that a handler sent. */
export interface SentMessage {
  value: JsonValue;
  type?: string;
  to?: string[];
}

/** A question that a handler asked. */
export interface AskedRequest {
  requestId: string;
  portId: string;
  data: JsonValue;
  timeoutMs?: number;
}

export interface CallFailure {
  code: string;
  message: string;
  /** Whether another attempt may go better. */
  retryable: boolean;
  cause?: ErrorFact;
}

/** What a handler did. All of it is JSON: it may cross a process. */
export interface HandlerOutcome {
  status: 'completed';
  messages?: SentMessage[];
  /** What the handler returned; absent for undefined. */
  returned?: SentMessage;
  outputs?: JsonValue[];
  changes?: StateChange[];
  requests?: AskedRequest[];
  events?: { name: string; data: JsonValue }[];
  halt?: { reason: string | null };
  /** Set if no handler took the message and the workflow drops such messages; says why. */
  dropped?: string;
}

/** How a call ended. `suspended`: a sub-workflow that goes on beside this run; a `child` arrival ends it. */
export type CallOutcome =
  | HandlerOutcome
  | { status: 'answered'; response: AgentResponse }
  | { status: 'finished'; outputs: JsonValue[] }
  | { status: 'suspended' }
  | { status: 'failed'; failure: CallFailure };

/** News from outside a superstep. */
export type Arrival =
  | { type: 'response'; requestId: string; value: JsonValue }
  /** The time of a request is up. */
  | { type: 'expired'; requestId: string }
  | { type: 'child'; executorId: string; ordinal: number; outcome: ChildOutcome }
  | { type: 'cancel'; reason?: string };

export type ChildOutcome = { status: 'finished'; outputs: JsonValue[] } | { status: 'failed'; failure: CallFailure };

/** What the runner asks its driver to do. */
export type WorkflowEffect =
  /** Hand events on to whoever watches. */
  | { type: 'emit'; events: WorkflowEvent[] }
  /** After `delayMs` milliseconds, make the calls, all at the same time. */
  | { type: 'call'; superstep: number; delayMs: number; calls: ExecutorCall[] }
  /** A superstep is over. The state is whole and may be stored; it is the runner's own object: copy it to keep it. */
  | { type: 'checkpoint'; state: RunState }
  /** Nothing is left to do until something arrives. The state may be stored, as at a checkpoint. */
  | { type: 'wait'; state: RunState; requests: readonly PendingRequest[]; children: readonly OpenChild[] };

/** What a driver hands back: the `type` of the effect, and its result. */
export type WorkflowEffectResult =
  | { type: 'emit' }
  /** One outcome a call, in the order of the calls. */
  | { type: 'call'; outcomes: CallOutcome[]; now: number; arrivals?: readonly Arrival[] }
  | { type: 'checkpoint'; now: number; arrivals?: readonly Arrival[] }
  /** At least one arrival. */
  | { type: 'wait'; now: number; arrivals: readonly Arrival[] };

/** How a run ended. */
export type WorkflowOutcome =
  | {
      status: 'completed';
      outputs: JsonValue[];
      supersteps: number;
      haltReason?: string | null;
    }
  | { status: 'failed'; outputs: JsonValue[]; supersteps: number; failure: RunFailure }
  | { status: 'cancelled'; outputs: JsonValue[]; supersteps: number; failure: RunFailure };
