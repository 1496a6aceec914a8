import type { DurableTask } from '../durable/orchestration-calls.ts';
import { DurableAgentError } from '../errors.ts';
import type { JsonValue } from '../json.ts';
import type { Arrival, RunFailure, WorkflowOutcome } from '../workflow/effects.ts';
import { WorkflowRunError } from '../workflow/errors.ts';
import { errorFact } from '../workflow/failure.ts';
import { newRunState } from '../workflow/run-state.ts';
import { customStatus } from './custom-status.ts';
import { newLetters } from './node-letters.ts';
import { RunDriver } from './run-driver.ts';
import { type ChildResult, type RunRecord, type RunResume, readWorkflowInput, writeResume } from './run-record.ts';
import { hasRequests, nextDeadline } from './run-requests.ts';
import type { WorkflowCalls } from './workflow-calls.ts';
import { answerEvent, requestsEntity } from './workflow-names.ts';
import type { WorkflowSet } from './workflow-set.ts';

/**
 * One run of a workflow as an orchestration. Invariants:
 * W1 a task is part of one compound only: one that is part of a second would be started again.
 * W2 events only wake; answers come from the entity of requests. An event that is lost with an old history loses nothing,
 *    because a new history begins by asking the entity.
 * W3 only the outermost run waits for the world. A sub-workflow that has nothing left to do but wait ends, and gives its
 *    record back; with the answer it goes on as another instance.
 *
 * @returns the outputs; for a sub-workflow a `ChildResult`
 */
export function* playWorkflow<Task extends DurableTask>(
  calls: WorkflowCalls<Task>,
  set: WorkflowSet,
  workflow: string,
  given: unknown,
): Generator<Task, JsonValue, unknown> {
  const read = readWorkflowInput(given);
  const { digest } = read;
  const resume = read.kind === 'resume' ? read.resume : undefined;
  const runId = resume?.record.state.runId ?? calls.instanceId;
  const isChild = resume?.place !== undefined;
  let record = resume?.record;
  let outcome: WorkflowOutcome;
  try {
    const fingerprint = read.kind === 'resume' ? read.resume.record.state.fingerprint : read.fingerprint;
    const graph = set.graphOf(workflow, fingerprint, runId);
    if (read.kind === 'start') {
      const state = newRunState(graph, runId, read.input);
      record = { state, nodes: newLetters(graph), asked: [], usedDesk: false, children: {} };
    }
    const place = resume?.place ?? { root: calls.instanceId, prefix: '' };
    const driver = new RunDriver(calls, graph, record as RunRecord, place);
    const end = yield* drive(calls, driver, resume?.arrivals ?? [], isChild);
    if (end === 'waiting') return result({ status: 'waiting', record: driver.record });
    if (end === 'restart') {
      const next: RunResume = { record: driver.record, arrivals: [], ...(resume?.place && { place: resume.place }) };
      calls.continueAsNew(writeResume(next, digest));
      return null;
    }
    outcome = end;
  } catch (error) {
    // Others are mistakes in our own code: the runtime records them as they are.
    if (!DurableAgentError.is(error)) throw error;
    outcome = failedOutcome(error, record);
  }
  if (isChild) return result({ status: 'over', outcome, usedDesk: record?.usedDesk ?? false });
  if (record?.usedDesk) yield calls.callEntity(requestsEntity, calls.instanceId, 'end', {});
  return finish(calls, workflow, runId, record, outcome);
}

function* drive<Task extends DurableTask>(
  calls: WorkflowCalls<Task>,
  driver: RunDriver<Task>,
  given: Arrival[],
  isChild: boolean,
): Generator<Task, WorkflowOutcome | 'waiting' | 'restart', unknown> {
  let arrivals = [...driver.receive(given), ...(yield* driver.sync())];
  for (;;) {
    const step = yield* driver.advance(arrivals);
    if (step.status === 'over') return step.outcome;
    if (step.status === 'restart') return 'restart';
    arrivals = yield* driver.collect();
    while (arrivals.length === 0) {
      if (isChild) return 'waiting';
      if (driver.isLong) return 'restart';
      yield* nextNews(calls, driver);
      arrivals = yield* driver.collect();
    }
  }
}

/** Until an answer was accepted, or a request's time is up. The tasks are new each time. */
function* nextNews<Task extends DurableTask>(
  calls: WorkflowCalls<Task>,
  driver: RunDriver<Task>,
): Generator<Task, void, unknown> {
  const { record } = driver;
  driver.publish(hasRequests(record) ? 'waiting_for_human_input' : 'running');
  const deadline = nextDeadline(record);
  const event = calls.waitForEvent(answerEvent);
  if (deadline === undefined) {
    yield event;
    return;
  }
  const timer = calls.timer(deadline);
  yield calls.any([event, timer]);
  if (!timer.isCompleted) timer.cancel();
}

function finish<Task extends DurableTask>(
  calls: WorkflowCalls<Task>,
  workflow: string,
  runId: string,
  record: RunRecord | undefined,
  outcome: WorkflowOutcome,
): JsonValue {
  if (outcome.status === 'completed') {
    const { haltReason } = outcome;
    if (record) {
      const facts = { state: 'completed' as const, ...(haltReason !== undefined && { haltReason }) };
      calls.setCustomStatus(customStatus(record, facts));
    }
    return outcome.outputs;
  }
  const { failure } = outcome;
  calls.setCustomStatus(
    record
      ? customStatus(record, { state: 'failed', failure })
      : { state: 'failed', failure: { code: failure.code, message: failure.message, superstep: 0 }, pendingCount: 0 },
  );
  throw new WorkflowRunError({ ...failure, message: failureText(workflow, runId, failure) }, outcome.outputs);
}

function failureText(workflow: string, runId: string, { message, executorId, superstep }: RunFailure): string {
  const where = executorId === undefined ? '' : ` in "${executorId}", superstep ${superstep}`;
  return `Run "${runId}" of workflow "${workflow}" failed${where}: ${message}`;
}

function failedOutcome(error: DurableAgentError, record: RunRecord | undefined): WorkflowOutcome {
  const supersteps = record?.state.superstep ?? 0;
  const failure = { code: error.code, message: error.message, superstep: supersteps, cause: errorFact(error) };
  return { status: 'failed', outputs: record?.state.outputs ?? [], supersteps, failure };
}

function result(of: ChildResult): JsonValue {
  return of as unknown as JsonValue;
}
