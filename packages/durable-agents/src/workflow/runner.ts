import type { Arrival, CallOutcome, WorkflowEffect, WorkflowEffectResult, WorkflowOutcome } from './effects.ts';
import type { Graph, GraphNode } from './graph.ts';
import { completeRounds, releaseFailedJoins, unfilledJoins } from './joins.ts';
import { Lane } from './lanes.ts';
import { openRequest } from './open-request.ts';
import { accept } from './requests.ts';
import { Run, requestIdOf } from './run.ts';
import { checkRunState, type Envelope, type RunState } from './run-state.ts';
import { failurePolicy, settle, settleFailure } from './settle.ts';

// The port to a driver.
//
//   const steps = runWorkflow(workflow.graph, newRunState(workflow.graph, runId, input), now);
//   for (let step = steps.next(); ; step = steps.next(result)) { if (step.done) return step.value; … }
//
// `call`        make all calls at the same time (after `delayMs`), wait for all, hand back one outcome each, in order. A
//               call never rejects: what failed is an outcome (`failureOutcome`). Retries come as further `call`s.
//               handler  → invokeHandler(graph, call, …) in this or another process; call and outcome are JSON. It has
//                          the shared state in it. A port that checks its requests is called like that, too
//               agent    → one turn: add `messages` to the node's session (`session`: of the run, or a new one)
//               workflow → a run of node.executor.workflow (`newRunState(…, { type })`); `suspended` if it goes on beside this run
// `emit`        hand events on. Answer at once.
// `checkpoint`  a superstep is over: store `state`, or not; here a driver may stop and go on later from `state`.
// `wait`        nothing runs: wait for a response, a deadline (`expiresAt`), a child or a cancel. `state` may be stored.
//
// When the run is over, children in `state.children` are still there to be stopped, and requests to be forgotten.
//
// `now` (epoch ms) and `arrivals` are the only ways in for time and the world: in an orchestration, give what its replay
// repeats. Arrivals with a `call` or `checkpoint` result are taken at the next superstep: a pending request holds nothing
// up. Those in the result of a `checkpoint` are not yet part of its state.

type Steps<Result> = Generator<WorkflowEffect, Result, WorkflowEffectResult>;

/**
 * A run of a workflow, superstep by superstep. Changes `state` as it goes. Invariants:
 * G1 pure: no I/O, clock or random; the same results give the same effects, events and outcome.
 * G2 what executors of a superstep send, write and ask becomes visible at its end, in graph order, then message order.
 * G3 a failure that ends the run ends it at once; the last checkpoint is the place to go on from.
 * G4 each fan-in fires once a round, with everything that its sources have sent; what never fires is named at the end.
 * G5 at `checkpoint` and `wait` the state is all there is: a run from a copy of it does the same.
 *
 * @param arrivals what has come since the state was stored
 * @throws CheckpointError if the state belongs to another definition
 */
export function* runWorkflow(
  graph: Graph,
  state: RunState,
  now: number,
  arrivals: readonly Arrival[] = [],
): Steps<WorkflowOutcome> {
  checkRunState(graph, state);
  const run = new Run(graph, state, now);
  if (state.eventCount === 0) {
    run.event({ type: 'started', workflow: graph.name, runId: state.runId });
    run.status('started');
  }
  accept(run, arrivals);
  while (run.outcome === undefined) {
    if (state.queue.length === 0) yield* whenIdle(run);
    else if (state.superstep >= graph.maxSupersteps) failAtLimit(run);
    else yield* superstep(run);
  }
  yield* flush(run);
  return run.outcome;
}

/** Nothing is queued: the run waits for something, or is over. */
function* whenIdle(run: Run): Steps<void> {
  const { state } = run;
  const rounds = releaseFailedJoins(run.graph, state);
  if (rounds.length > 0) {
    for (const round of rounds) run.enqueueRound(round);
    return;
  }
  const { requests, children } = state;
  if (requests.length === 0 && children.length === 0) {
    finish(run);
    return;
  }
  run.status(requests.length > 0 ? 'idleWithPendingRequests' : 'inProgress');
  yield* flush(run);
  const result = yield { type: 'wait', state, requests, children };
  if (result?.type !== 'wait') throw new TypeError('The driver of a workflow must answer "wait" in kind.');
  run.now = result.now;
  accept(run, result.arrivals);
}

function* superstep(run: Run): Steps<void> {
  const { state, graph } = run;
  const before = state.queue;
  run.step = state.superstep + 1;
  run.status(state.requests.length > 0 ? 'inProgressPendingRequests' : 'inProgress');
  const work = byNode(run, before);
  const lanes = work.filter(({ node }) => !asksAtOnce(node)).map((one) => new Lane(run, one.node, one.envelopes));
  run.event({ type: 'superstepStarted', executorIds: work.map(({ node }) => node.id) });
  yield* callAll(run, lanes);
  if (run.outcome !== undefined) return;
  state.queue = [];
  settle(run, lanes);
  for (const { node, envelopes } of work) if (asksAtOnce(node)) askAll(run, node, envelopes);
  for (const round of completeRounds(graph, state)) run.enqueueRound(round);
  if (run.outcome !== undefined) return;
  state.superstep = run.step;
  run.event({ type: 'superstepCompleted' });
  if (run.haltReason !== undefined) {
    run.complete(run.haltReason);
    return;
  }
  accept(run, run.takeInbox());
  yield* flush(run);
  if (run.outcome !== undefined) return;
  const result = yield { type: 'checkpoint', state };
  if (result?.type !== 'checkpoint') throw new TypeError('The driver of a workflow must answer "checkpoint" in kind.');
  run.now = result.now;
  accept(run, result.arrivals ?? []);
}

/** A port that has nothing to check needs no call. */
function asksAtOnce(node: GraphNode): boolean {
  return node.kind === 'port' && node.executor.request === undefined;
}

function askAll(run: Run, { id }: GraphNode, envelopes: readonly Envelope[]): void {
  run.event({ type: 'executorInvoked', executorId: id, sources: envelopes.flatMap(({ sources }) => sources) });
  for (const [index, { value, history }] of envelopes.entries()) {
    const requestId = requestIdOf(run.state.runId, `${run.step}/${id}/${index}`, 0);
    openRequest(run, id, { requestId, portId: id, data: value }, history);
  }
}

/** Makes the calls of a superstep: the first of each executor, then the second, … and again what may pass. */
function* callAll(run: Run, lanes: readonly Lane[]): Steps<void> {
  let delayMs = 0;
  for (;;) {
    const open = lanes.flatMap((lane) => lane.next().map((one) => ({ lane, one })));
    if (open.length === 0) {
      failFirst(run, lanes);
      return;
    }
    yield* flush(run);
    const calls = open.map(({ one }) => one.call);
    const result = yield { type: 'call', superstep: run.step, delayMs, calls };
    if (result?.type !== 'call' || result.outcomes.length !== calls.length) {
      throw new TypeError('The driver of a workflow must answer "call" with one outcome a call.');
    }
    run.now = result.now;
    run.inbox.push(...(result.arrivals ?? []));
    const delays = open.map(({ lane, one }, index) => lane.end(one, result.outcomes[index] as CallOutcome) ?? 0);
    delayMs = Math.max(...delays);
    const cancel = run.inbox.find((arrival): arrival is Arrival & { type: 'cancel' } => arrival.type === 'cancel');
    if (cancel !== undefined) {
      run.cancel(cancel.reason);
      return;
    }
    failFirst(run, lanes);
    if (run.outcome !== undefined) return;
  }
}

/** A failure that ends the run does so at once: no further message of this superstep is handled. */
function failFirst(run: Run, lanes: readonly Lane[]): void {
  for (const { node, settled } of lanes) {
    if (failurePolicy(run, node) === 'continue') continue;
    const failed = settled.find(({ outcome }) => outcome.status === 'failed');
    if (failed?.outcome.status !== 'failed') continue;
    settleFailure(run, node, failed.outcome.failure, failed.attempt);
    return;
  }
}

/** The messages of each node, in graph order. */
function byNode({ graph }: Run, queue: readonly Envelope[]): { node: GraphNode; envelopes: Envelope[] }[] {
  const byTarget = Map.groupBy(
    queue.flatMap((envelope) => envelope.targets.map((target) => ({ target, envelope }))),
    ({ target }) => target,
  );
  return [...byTarget]
    .map(([target, list]) => ({
      node: graph.nodes.get(target) as GraphNode,
      envelopes: list.map(({ envelope }) => envelope),
    }))
    .sort((a, b) => (graph.order.get(a.node.id) as number) - (graph.order.get(b.node.id) as number));
}

function finish(run: Run): void {
  const unfilled = unfilledJoins(run.graph, run.state);
  for (const text of unfilled) run.warn('joinNeverFilled', `The run has ended, and the fan-in to ${text}.`);
  if (unfilled.length > 0 && run.state.outputs.length === 0 && run.graph.unfilledJoin === 'fail') {
    const message = `The run ended without output: the fan-in to ${unfilled.join('; to ')}, and nothing is left that could send.`;
    run.fail({ code: 'joinNeverFilled', message });
    return;
  }
  run.complete();
}

function failAtLimit(run: Run): void {
  const { graph, state } = run;
  const busy = [...new Set(state.queue.flatMap(({ targets }) => targets))].map((id) => `"${id}"`).join(', ');
  run.fail({
    code: 'superstepLimit',
    message:
      `Workflow "${graph.name}" did not converge after ${graph.maxSupersteps} supersteps: there are still messages for ` +
      `${busy}. Raise maxSupersteps, or give the loop an exit.`,
  });
}

function* flush(run: Run): Steps<void> {
  const events = run.takeEvents();
  if (events.length > 0) yield { type: 'emit', events };
}
