import { repairConversation } from '../agent/repair-conversation.ts';
import { type AgentFacts, collectCallIds } from '../agent/run-loop.ts';
import { AgentRunError, RequestError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { findAnswer } from '../state/answer.ts';
import type { StateDocument } from '../state/entity-state.ts';
import { conversationOf } from '../state/history.ts';
import { isObject } from '../state/stored-fields.ts';
import {
  type ApprovalDecision,
  decideApproval,
  rememberDecisions,
  requestApprovals,
  settleApprovals,
} from './approvals.ts';
import { replaceEnded } from './ended-instance.ts';
import { writeAnswer, writeFailure } from './operation-result.ts';
import { publicError } from './public-error.ts';
import { askedIn, endingOf, type TurnRecord } from './record-turn.ts';
import { readRunRequest, writeRunRequest } from './run-request.ts';
import type { SessionAction } from './session-actions.ts';
import { type ActiveTurn, type QueuedTurn, readBookkeeping } from './session-bookkeeping.ts';
import type { KeptTurn, SessionKeeping } from './session-keeping.ts';
import { activateNext, dequeueTurn, endActive, enqueueTurn, type TurnStarter } from './turn-queue.ts';

/** What a session needs in order to run turns as orchestrations. */
export interface StepTurns {
  starter: TurnStarter;
  /** Wakes the orchestration of a turn. */
  wake(instanceId: string, event: 'start' | 'decided' | 'cancel'): SessionAction;
  /** The agent as its turns see it; recorded when a turn begins, so that a deployment does not change it on the way. */
  facts: AgentFacts;
  /** Whether the agent has tools besides those in `facts`, which the turn has to look up. */
  hasToolSources: boolean;
  maxParallelToolCalls: number;
  approvalTimeoutMs: number;
  /** What is wrong with arguments that an approver wrote; undefined if nothing is. */
  argumentsProblem(tool: string, args: JsonObject): Promise<string | undefined>;
  /** Whether the orchestration of a turn is still there and has not ended. */
  isAlive(instanceId: string): Promise<boolean>;
  /** Reads the outcome that a turn hands over. */
  readOutcome(stored: JsonValue | undefined): TurnRecord['outcome'];
}

export interface StepCall {
  agentName: string;
  now: () => Date;
  keeping: SessionKeeping;
  steps: StepTurns;
}

/** Result of an operation: as `OperationOutcome`, before it is one. */
export interface StepOutcome {
  state?: StateDocument;
  result: JsonValue;
  actions?: SessionAction[];
  /** Turns and decisions that somebody in this process may wait for. */
  wakes?: string[];
  /** The turn that has ended with this operation. */
  ended?: EndedTurn;
}

/** A turn that an operation has ended, for those who watch. */
export type EndedTurn = Pick<TurnRecord, 'correlationId' | 'request' | 'startedAt' | 'endedAt' | 'outcome'>;

/** `run`: puts the message in the queue, and begins its turn if the session is free. */
export async function queueRun(call: StepCall, request: QueuedTurn, state: StateDocument): Promise<StepOutcome> {
  const recovered = await recover(call, state);
  const next = activateNext(enqueueTurn(recovered.state, request), call.now(), call.steps.starter);
  return {
    state: next.state,
    result: { status: 'accepted', correlationId: request.correlationId },
    actions: [...recovered.actions, ...next.actions],
    wakes: recovered.wakes,
  };
}

/** `turnBegin`: the orchestration of a turn asks for its place. One that was called brings its message along. */
export async function beginTurn(call: StepCall, input: JsonObject, state: StateDocument): Promise<StepOutcome> {
  const { correlationId, instanceId } = turnOf(input);
  const answered = await call.keeping.answerOf(state, correlationId);
  if (answered !== undefined) return { result: { status: 'over', result: writeAnswer(answered, correlationId) } };
  let changed = state;
  let actions: SessionAction[] = [];
  if (input.request !== undefined) {
    // Checked here: what is in the queue must be readable.
    const request = writeRunRequest(readRunRequest(input.request));
    const recovered = await recover(call, state);
    const enqueuedAt = call.now().toISOString();
    const queued = { correlationId, request, enqueuedAt, instanceId };
    const next = activateNext(enqueueTurn(recovered.state, queued), call.now(), call.steps.starter);
    changed = next.state;
    // It is awake already.
    actions = [...recovered.actions, ...next.actions.filter((action) => action.instanceId !== instanceId)];
  }
  const { active, queue } = readBookkeeping(changed).turns;
  const outcome = { ...(changed !== state && { state: changed }), actions };
  if (active?.correlationId === correlationId && active.instanceId === instanceId) {
    return { ...outcome, ...(await beginOrFail(call, active, changed, actions)) };
  }
  if (queue.some((turn) => turn.correlationId === correlationId)) return { ...outcome, result: { status: 'queued' } };
  const error = { code: 'turnNotFound', message: 'The session does not know this turn.' };
  return { ...outcome, result: { status: 'over', result: writeFailure(error, correlationId) } };
}

/** A turn whose conversation cannot be had is over before it has begun. */
async function beginOrFail(
  call: StepCall,
  active: ActiveTurn,
  state: StateDocument,
  actions: SessionAction[],
): Promise<Partial<StepOutcome> & { result: JsonValue }> {
  try {
    return { result: beginning(call.steps, active, await call.keeping.visible(state)) };
  } catch (cause) {
    const outcome = { status: 'failed' as const, error: publicError(cause), messages: [] };
    const failed = await finish(call, state, active, outcome, async (open, turn) =>
      call.keeping.refuse(open, askedIn(turn), cause),
    );
    const ended = { ...failed, actions: [...actions, ...(failed.actions ?? [])] };
    return { ...ended, result: { status: 'over', result: failed.result } };
  }
}

/** @param visible the session as the model sees it */
function beginning(steps: StepTurns, active: ActiveTurn, visible: StateDocument): JsonObject {
  const { enableToolCalls, enableToolNames, responseFormat, caller, traceContext } = readRunRequest(active.request);
  const options = { enableToolCalls, enableToolNames, responseFormat };
  return {
    status: 'run',
    options: JSON.parse(JSON.stringify(options)) as JsonObject,
    facts: steps.facts as unknown as JsonObject,
    hasToolSources: steps.hasToolSources,
    ...(caller !== undefined && { caller }),
    ...(traceContext !== undefined && { traceContext }),
    maxParallelToolCalls: steps.maxParallelToolCalls,
    callIds: [...collectCallIds(repairConversation(conversationOf(visible)))],
  };
}

/** `turnWait`: the turn waits for a person. */
export function waitForApprovals(call: StepCall, input: JsonObject, state: StateDocument): StepOutcome {
  const { correlationId } = turnOf(input);
  if (readBookkeeping(state).turns.active?.correlationId !== correlationId) return overdue(correlationId);
  const calls = (input.approvals ?? []) as unknown as { callId: string; name: string; arguments: JsonValue }[];
  const next = requestApprovals(state, correlationId, calls, call.now(), call.steps.approvalTimeoutMs);
  const own = (readBookkeeping(next).turns.active?.approvals ?? []).filter(({ callId }) =>
    calls.some((asked) => asked.callId === callId),
  );
  const expiresAt = own.map((approval) => String(approval.expiresAt)).sort()[0] ?? call.now().toISOString();
  return { state: next, result: { expiresAt }, wakes: [correlationId] };
}

/** `turnDecisions`: what was decided, once all of it is. */
export function readDecisions(call: StepCall, input: JsonObject, state: StateDocument): StepOutcome {
  const { correlationId } = turnOf(input);
  if (readBookkeeping(state).turns.active?.correlationId !== correlationId) {
    return { result: { decisions: {} } };
  }
  const settled = settleApprovals(state, call.now());
  if (settled.decisions === undefined) return { result: {} };
  return { state: settled.state, result: { decisions: settled.decisions as unknown as JsonObject } };
}

/** `turnEnd`: records the outcome and lets the next turn begin. */
export async function endTurn(call: StepCall, input: JsonObject, state: StateDocument): Promise<StepOutcome> {
  const { correlationId, instanceId } = turnOf(input);
  const { active } = readBookkeeping(state).turns;
  if (active?.correlationId !== correlationId || active.instanceId !== instanceId) {
    const answered = await call.keeping.answerOf(state, correlationId);
    return answered === undefined ? overdue(correlationId) : { result: writeAnswer(answered, correlationId) };
  }
  const outcome = call.steps.readOutcome(input.outcome);
  return finish(call, state, active, outcome);
}

/** `approve`: a person's decision about a waiting call. */
export async function approveCall(call: StepCall, input: JsonObject, state: StateDocument): Promise<StepOutcome> {
  const { callId, decisionId, approved, reason, arguments: args, decidedBy } = input;
  if (typeof callId !== 'string' || typeof approved !== 'boolean') {
    throw new RequestError('invalidRequest', 400, 'A decision needs "callId" (a text) and "approved" (true or false).');
  }
  const now = call.now();
  const decision: ApprovalDecision = {
    decisionId: typeof decisionId === 'string' ? decisionId : callId,
    approved,
    decidedAt: now.toISOString(),
    ...(typeof reason === 'string' && { reason }),
    ...(isObject(args) && { arguments: args as JsonObject }),
    ...(decidedBy !== undefined && { decidedBy }),
  };
  const wakes = [decision.decisionId];
  const { active } = readBookkeeping(state).turns;
  const waiting = active?.approvals?.find((approval) => approval.callId === callId);
  if (approved && decision.arguments !== undefined && waiting !== undefined) {
    const problem = await call.steps.argumentsProblem(String(waiting.name), decision.arguments);
    if (problem !== undefined) return { result: { status: 'invalidArguments', problem }, wakes };
  }
  const decided = decideApproval(state, callId, decision, now);
  if (decided.status === 'notFound') return { result: { status: 'notFound' }, wakes };
  const result = { status: decided.status, approval: decided.approval };
  if (!('state' in decided)) return { result, wakes };
  const settled = settleApprovals(decided.state, now).decisions !== undefined;
  // Also for an answer that came before: the first wake-up may have been lost with the process that sent it.
  const actions = settled && active !== undefined ? [call.steps.wake(active.instanceId, 'decided')] : [];
  return { state: decided.state, result, actions, wakes };
}

/** `cancel`: takes a turn out of the queue, or tells the running one to stop. */
export async function cancelTurn(call: StepCall, input: JsonObject, state: StateDocument): Promise<StepOutcome> {
  const { correlationId } = turnOf(input);
  if ((await call.keeping.answerOf(state, correlationId)) !== undefined) return { result: { status: 'over' } };
  const { active } = readBookkeeping(state).turns;
  if (active?.correlationId === correlationId) {
    return { result: { status: 'canceling' }, actions: [call.steps.wake(active.instanceId, 'cancel')] };
  }
  const waiting = dequeueTurn(state, correlationId);
  if (waiting === undefined) return { result: { status: 'notFound' } };
  const { request, enqueuedAt, instanceId } = waiting.turn;
  const error = new AgentRunError('canceled', 'The turn was cancelled before it began.');
  const kept = await settle(call, waiting.state, {
    agentName: call.agentName,
    correlationId,
    request: readRunRequest(request),
    startedAt: new Date(enqueuedAt),
    endedAt: call.now(),
    outcome: { status: 'failed', error, messages: [] },
  });
  const actions = typeof instanceId === 'string' ? [call.steps.wake(instanceId, 'start')] : [];
  return {
    state: kept.state,
    result: { status: 'canceled' },
    actions: [...kept.actions, ...actions],
    wakes: [correlationId],
  };
}

/** Closes an active turn whose orchestration is gone: it must not block the session for ever. */
async function recover(
  call: StepCall,
  state: StateDocument,
): Promise<{ state: StateDocument; actions: SessionAction[]; wakes: string[] }> {
  const { active } = readBookkeeping(state).turns;
  if (active === undefined || (await call.steps.isAlive(active.instanceId))) return { state, actions: [], wakes: [] };
  const error = new AgentRunError('turnInterrupted', 'The turn was stopped from outside before it had an answer.');
  const closed = await finish(call, state, active, { status: 'failed', error, messages: [] });
  // What comes next is begun by the caller.
  return { ...closed.kept, wakes: [active.correlationId] };
}

function settle(call: StepCall, state: StateDocument, turn: TurnRecord): Promise<KeptTurn> {
  return call.keeping.settle(state, askedIn(turn), endingOf(turn));
}

async function finish(
  call: StepCall,
  state: StateDocument,
  active: ActiveTurn,
  outcome: TurnRecord['outcome'],
  write = (open: StateDocument, turn: TurnRecord) => settle(call, open, turn),
): Promise<StepOutcome & { kept: KeptTurn }> {
  const { correlationId } = active;
  const ended: EndedTurn = {
    correlationId,
    request: readRunRequest(active.request),
    startedAt: new Date(active.startedAt),
    endedAt: call.now(),
    outcome,
  };
  const { state: open, actions } = replaceEnded(endActive(rememberDecisions(state, call.now())), active.instanceId);
  const kept = await write(open, { agentName: call.agentName, ...ended });
  const next = activateNext(kept.state, call.now(), call.steps.starter);
  const answer = findAnswer(kept.state, correlationId);
  return {
    state: next.state,
    kept: { ...kept, actions: [...kept.actions, ...actions] },
    result: answer === undefined ? null : writeAnswer(answer, correlationId),
    actions: [...kept.actions, ...next.actions, ...actions],
    wakes: [correlationId],
    ended,
  };
}

function overdue(correlationId: string): StepOutcome {
  const error = { code: 'turnNotFound', message: 'The session does not wait for this turn any more.' };
  return { result: writeFailure(error, correlationId) };
}

function turnOf(input: JsonObject): { correlationId: string; instanceId: string } {
  const { correlationId, instanceId = '' } = input;
  if (typeof correlationId === 'string' && correlationId !== '' && typeof instanceId === 'string') {
    return { correlationId, instanceId };
  }
  throw new RequestError('invalidRequest', 400, 'correlationId must be a text.');
}
