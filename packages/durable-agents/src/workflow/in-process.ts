import { randomUUID } from 'node:crypto';
import type { ApproveCall } from '../agent/run-context.ts';
import type { JsonValue } from '../json.ts';
import { type Logger, silentLogger } from '../log.ts';
import { type Answer, AnswerDesk } from './answer-desk.ts';
import type { Arrival, RunFailure, WorkflowOutcome } from './effects.ts';
import { CheckpointError, WorkflowRunError } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import type { WorkflowEvent } from './events.ts';
import { cancelOf, InProcessRun, type RunRecord } from './in-process-run.ts';
import type { RequestView } from './pending.ts';
import { toPlainJson } from './plain-json.ts';
import { newRunState } from './run-state.ts';
import type { AnyWorkflow } from './workflow.ts';

/** A run in this process, to be gone on with later. Plain JSON. */
export interface WorkflowCheckpoint extends RunRecord {
  schema: 1;
}

interface CommonOptions {
  /**
   * Answers a request, at once or later; undefined leaves it open. It is called once for each request, while other
   * branches go on. An answer must fit the port's response schema.
   */
  respond?: ((request: RequestView) => unknown) | undefined;
  /** Decides on tool calls of agents that need approval. Default: they are not made. */
  approve?: ApproveCall | undefined;
  /** Called after each superstep with all that is needed to go on from there. */
  onCheckpoint?: ((checkpoint: WorkflowCheckpoint) => void) | undefined;
  onEvent?: ((event: WorkflowEvent) => void) | undefined;
  /** Cancels the run. */
  signal?: AbortSignal | undefined;
  log?: Logger | undefined;
  /** Epoch ms, for deadlines of requests. Default: the clock. */
  now?: (() => number) | undefined;
}

export interface RunWorkflowOptions extends CommonOptions {
  /** Default: a random one. */
  runId?: string | undefined;
}

export interface ResumeOptions extends CommonOptions {
  /** Request id → answer. */
  responses?: Readonly<Record<string, unknown>> | undefined;
}

/** How a run in this process came out. */
export interface WorkflowResult<Output = JsonValue> {
  /** `waiting`: requests are open that nobody answers here; go on with `resume(checkpoint, { responses })`. */
  status: 'completed' | 'waiting' | 'failed' | 'cancelled';
  runId: string;
  /** In the order in which they were given. */
  outputs: Output[];
  supersteps: number;
  pendingRequests: RequestView[];
  /** Only while it waits. */
  checkpoint?: WorkflowCheckpoint;
  failure?: RunFailure;
  /** Set if an executor ended the run with `ctx.halt`; null: without a reason. */
  haltReason?: string | null;
}

export async function runInProcess(
  workflow: AnyWorkflow,
  input: unknown,
  options: RunWorkflowOptions,
): Promise<WorkflowResult> {
  return orThrow(await play(workflow, begin(workflow, input, options), [], options));
}

export async function resumeInProcess(
  workflow: AnyWorkflow,
  checkpoint: WorkflowCheckpoint,
  options: ResumeOptions,
): Promise<WorkflowResult> {
  if (checkpoint?.schema !== 1 || typeof checkpoint.state !== 'object') {
    const message = 'This is not a checkpoint that this library knows.';
    throw new CheckpointError('checkpointVersion', message, { fix: 'Pass a checkpoint as it was given.' });
  }
  // The caller's copy stays as it is: it may be gone on from again.
  const { state, sessions, children } = structuredClone(checkpoint);
  return orThrow(await play(workflow, { state, sessions, children }, Object.entries(options.responses ?? {}), options));
}

export async function* streamInProcess(
  workflow: AnyWorkflow,
  input: unknown,
  options: RunWorkflowOptions,
): AsyncGenerator<WorkflowEvent, WorkflowResult> {
  const queue = new EventQueue<WorkflowEvent>();
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const onEvent = (event: WorkflowEvent) => {
    options.onEvent?.(event);
    queue.push(event);
  };
  const played = play(workflow, begin(workflow, input, options), [], { ...options, signal, onEvent });
  played.then(
    () => queue.end(),
    (error: unknown) => queue.fail(error),
  );
  try {
    yield* queue;
    return await played;
  } finally {
    stop.abort(new Error('nobody reads its events any more'));
  }
}

function begin(workflow: AnyWorkflow, input: unknown, { runId = randomUUID() }: RunWorkflowOptions): RunRecord {
  const state = newRunState(workflow.graph, runId, toPlainJson(input ?? null, 'input'));
  return { state, sessions: {}, children: {} };
}

async function play(
  { graph }: AnyWorkflow,
  record: RunRecord,
  responses: readonly (readonly [string, unknown])[],
  options: CommonOptions,
): Promise<WorkflowResult> {
  const { signal = new AbortController().signal, log = silentLogger, now = Date.now, onEvent = () => {} } = options;
  const run = new InProcessRun(graph, record, { signal, log, now, onEvent, approve: options.approve });
  const desk = new AnswerDesk(graph, options.respond, now, signal);
  const boundary = {
    checkpoint: () => options.onCheckpoint?.(checkpointOf(run)),
    poll: () => desk.poll(record.state.requests),
  };
  const given: Answer[] = [];
  // All are checked before anything goes on.
  for (const [requestId, value] of responses) {
    given.push({ type: 'response', requestId, value: await desk.check(run.requests(), requestId, value) });
  }
  const asked = await desk.poll(
    record.state.requests.filter(({ requestId }) => !given.some((one) => one.requestId === requestId)),
  );
  let outcome = await run.advance(await takeAll(run, [...given, ...asked]), boundary);
  while (outcome === undefined) {
    const answers = await desk.wait(run.requests());
    if (signal.aborted) outcome = await run.advance([cancelOf(signal)], boundary);
    else if (answers.length === 0) break;
    else outcome = await run.advance(await takeAll(run, answers), boundary);
  }
  return resultOf(record.state.runId, run, outcome);
}

async function takeAll(run: InProcessRun, answers: readonly Answer[]): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  for (const answer of answers) arrivals.push(...(await run.answer(answer)));
  return arrivals;
}

function resultOf(runId: string, run: InProcessRun, outcome: WorkflowOutcome | undefined): WorkflowResult {
  if (outcome === undefined) {
    return {
      ...{ status: 'waiting', runId, outputs: [...run.outputs], supersteps: run.supersteps },
      pendingRequests: run.requests(),
      checkpoint: checkpointOf(run),
    };
  }
  return { runId, pendingRequests: [], ...outcome };
}

function checkpointOf(run: InProcessRun): WorkflowCheckpoint {
  return { schema: 1, ...run.record() };
}

function orThrow(result: WorkflowResult): WorkflowResult {
  if (result.failure !== undefined) throw new WorkflowRunError(result.failure, result.outputs);
  return result;
}
