import type { ChatMessage } from '../agent/message.ts';
import type { JsonValue } from '../json.ts';
import type { AnsweredRequest, BranchFailure } from './effects.ts';
import { CheckpointError } from './errors.ts';
import type { Graph } from './graph.ts';
import type { SharedState } from './shared-state.ts';

/** Version of {@link RunState}. A later one reads earlier ones, or says that it does not. */
export const runStateSchema = 1;

/** A message on its way: one copy, however many targets it has. */
export interface Envelope {
  /** Unique in the run. */
  n: number;
  kind: 'message' | 'response';
  sources: string[];
  targets: string[];
  value: JsonValue;
  type?: string;
  request?: AnsweredRequest;
  failures?: BranchFailure[];
  /** The conversation behind a message that is none itself, for agents further on. */
  history?: ChatMessage[];
}

/** What a fan-in holds of its present round: source → its messages, or why it has none. */
export interface JoinState {
  values: Record<string, JsonValue[]>;
  failures: BranchFailure[];
  /** Conversations behind the messages. */
  history?: ChatMessage[];
}

export interface PendingRequest {
  requestId: string;
  /** Who asked, or the port's node. */
  executorId: string;
  portId: string;
  data: JsonValue;
  superstep: number;
  /** Epoch ms. */
  createdAt: number;
  /** Epoch ms. Absent: it waits without end. */
  expiresAt?: number;
}

/** A sub-workflow that goes on beside the run. */
export interface OpenChild {
  executorId: string;
  ordinal: number;
}

/**
 * All there is of a run between two supersteps: plain JSON. With the same definition and the same answers of the
 * driver, a run goes on from it just as it would have gone on.
 */
export interface RunState {
  schema: number;
  workflow: string;
  version?: string;
  fingerprint: string;
  runId: string;
  /** Its input comes from another workflow, not from a caller. */
  isInner?: true;
  /** Supersteps that are over. */
  superstep: number;
  /** For the next superstep, in order. */
  queue: Envelope[];
  joins: Record<string, JoinState>;
  /** Messages that edges with a bound have carried. */
  passes: Record<string, number>;
  shared: SharedState;
  requests: PendingRequest[];
  children: OpenChild[];
  /** How many children each sub-workflow node has had. */
  childCounts: Record<string, number>;
  outputs: JsonValue[];
  /** Branches that failed and were gone on without. */
  failures: BranchFailure[];
  /** Agent nodes: ids of the messages they have seen. */
  seen: Record<string, string[]>;
  /** Agent nodes: messages kept for the next turn. */
  held: Record<string, ChatMessage[]>;
  /** Conversations behind pending requests: request id → messages. */
  histories: Record<string, ChatMessage[]>;
  /** Counts messages: gives them their ids. */
  messageCount: number;
  /** Events so far: with its position, an event has a name that a replay repeats. */
  eventCount: number;
}

/**
 * The state of a run that begins. `input` must be plain JSON.
 *
 * @param inner for a sub-workflow: the type of its input, if it has one
 */
export function newRunState(graph: Graph, runId: string, input: JsonValue, inner?: { type?: string }): RunState {
  const type = inner?.type;
  return {
    schema: runStateSchema,
    workflow: graph.name,
    ...(graph.version !== undefined && { version: graph.version }),
    fingerprint: graph.fingerprint,
    runId,
    ...(inner && { isInner: true }),
    superstep: 0,
    queue: [
      { n: 0, kind: 'message', sources: [], targets: [graph.start], value: input, ...(type !== undefined && { type }) },
    ],
    joins: {},
    passes: {},
    shared: {},
    requests: [],
    children: [],
    childCounts: {},
    outputs: [],
    failures: [],
    seen: {},
    held: {},
    histories: {},
    messageCount: 1,
    eventCount: 0,
  };
}

/** @throws CheckpointError if the state does not belong to this definition */
export function checkRunState(graph: Graph, state: RunState): void {
  const refuse = (code: string, message: string, fix: string): never => {
    throw new CheckpointError(code, message, { fix });
  };
  if (state === null || typeof state !== 'object' || typeof state.schema !== 'number') {
    refuse('invalidCheckpoint', 'This is not the state of a workflow run.', 'Pass a checkpoint as it was given.');
  }
  if (state.schema !== runStateSchema) {
    const message = `The state of run "${state.runId}" has version ${state.schema}; this library knows ${runStateSchema}.`;
    refuse('checkpointVersion', message, 'Go on with the version of the library that wrote it, or start a new run.');
  }
  if (state.workflow !== graph.name) {
    const message = `Run "${state.runId}" belongs to workflow "${state.workflow}", not to "${graph.name}".`;
    refuse('otherWorkflow', message, 'Resume it with its own workflow.');
  }
  if (state.fingerprint !== graph.fingerprint) {
    const was = state.version === undefined ? '' : ` (version "${state.version}")`;
    const message = `Workflow "${graph.name}" has changed since run "${state.runId}" began${was}.`;
    refuse(
      'definitionChanged',
      message,
      'Let the run end with the old definition, and give the new one a `version`; or start a new run.',
    );
  }
}
