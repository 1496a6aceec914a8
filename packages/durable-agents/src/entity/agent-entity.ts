import type { RunOutcome } from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';
import { DurableAgentError, RequestError } from '../errors.ts';
import type { AgentSessionId } from '../ids.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { silentLogger } from '../log.ts';
import { type AgentFailure, failureOf, findAnswer } from '../state/answer.ts';
import { emptyState, type StateDocument } from '../state/entity-state.ts';
import { withAsked } from '../state/history.ts';
import { isObject } from '../state/stored-fields.ts';
import { purgeEnded } from './ended-instance.ts';
import { writeAnswer, writeFailure } from './operation-result.ts';
import { publicError } from './public-error.ts';
import { askedIn, endingOf } from './record-turn.ts';
import { type RunRequest, readRunRequest, writeRunRequest } from './run-request.ts';
import type { RunAgentTurn } from './run-turn.ts';
import type { SessionAction } from './session-actions.ts';
import { isBusy, readBookkeeping } from './session-bookkeeping.ts';
import { type KeptTurn, SessionKeeping } from './session-keeping.ts';
import { keepingSettings } from './session-options.ts';
import {
  approveCall,
  beginTurn,
  cancelTurn,
  type EndedTurn,
  endTurn,
  queueRun,
  readDecisions,
  type StepCall,
  type StepOutcome,
  type StepTurns,
  waitForApprovals,
} from './step-turns.ts';
import { type ToldTurn, tellOperation } from './tell-turn.ts';

/** One operation on a session, with all it may use of the world. */
export interface SessionOperation {
  /** The stored state as the host has it: JSON text, an object, or nothing for a new session. May throw. */
  state: () => unknown;
  /** Name of the operation; case does not matter. */
  operation: string | undefined;
  /** May throw. */
  input: () => unknown;
  agentName: string;
  sessionId: AgentSessionId;
  now: () => Date;
  runTurn: RunAgentTurn;
  /** How the session is kept. Default: as without options. */
  keeping?: SessionKeeping | undefined;
  /** How the agent's turns run: within the operation, or as orchestrations. */
  durability?: 'turn' | 'step';
  /** Needed for turns as orchestrations, and for sessions that have some from before. */
  steps?: StepTurns | undefined;
}

export interface OperationOutcome {
  /** The new state; absent means that what is stored stays as it is. */
  state?: StateDocument;
  /** The session is to be deleted. */
  deleted?: true;
  result: JsonValue;
  /** The turn that has now been answered, freshly or before. */
  correlationId?: string;
  /** What else somebody in this process may wait for. */
  wakes?: readonly string[];
  /** The turn in steps that has ended with this operation. */
  ended?: EndedTurn;
  /** The turn of whose end the host has to tell those who watch it: it is on disk. */
  told?: ToldTurn;
  /** What the host has to do before the operation ends. */
  actions?: readonly SessionAction[];
  /** Set if this call failed. `cause` is for the log; it may say more than a caller should see. */
  failure?: { error: AgentFailure; cause: unknown };
}

const runNames: ReadonlySet<string> = new Set(['run', 'runagentasync', 'run_agent']);

type StepOperation = (call: StepCall, input: JsonObject, state: StateDocument) => StepOutcome | Promise<StepOutcome>;

/** A call with all that an operation needs. */
type KeptCall = SessionOperation & { keeping: SessionKeeping };

/** Operations that only sessions with turns as orchestrations have. */
const stepOperations: ReadonlyMap<string, StepOperation> = new Map<string, StepOperation>([
  ['turnbegin', beginTurn],
  ['turnwait', waitForApprovals],
  ['turndecisions', readDecisions],
  ['turnend', endTurn],
  ['approve', approveCall],
  ['cancel', cancelTurn],
]);

/**
 * Performs one operation of a session: `run` (also `RunAgentAsync`, `run_agent`), `reset`, or one of those with which
 * a turn's orchestration, an approver or a canceller speaks to it. It reads the state and
 * gives back a new one; storing it is the host's part. Never rejects: a failure is recorded in the new state where
 * there can be one, and is the result.
 */
export async function performOperation(given: SessionOperation): Promise<OperationOutcome> {
  try {
    const operation = (given.operation ?? '').toLowerCase();
    const call = { ...given, keeping: given.keeping ?? new SessionKeeping(keepingSettings(), unlogged(given)) };
    if (runNames.has(operation)) return await run(call);
    if (operation === 'reset') return await reset(call);
    if (operation === 'delete') return await remove(call);
    if (operation === 'checkanddeleteifexpired') return await checkExpiry(call);
    if (operation === tellOperation.toLowerCase()) return await tell(call);
    const step = stepOperations.get(operation);
    if (step !== undefined && call.steps !== undefined) return await performStep(call, call.steps, step);
    return { result: { error: `Unknown operation: ${given.operation ?? ''}` } };
  } catch (bug) {
    return refuse(bug, undefined);
  }
}

async function run(call: KeptCall): Promise<OperationOutcome> {
  let request: RunRequest | undefined;
  let state: StateDocument;
  try {
    request = readRunRequest(readInput(call));
    state = call.keeping.parse(call.state());
    // Asked before the deadline is looked at: a repeated request gets the first one's answer.
    const known = await call.keeping.answerOf(state, request.correlationId);
    const { correlationId } = request;
    if (known !== undefined) return { result: writeAnswer(known, correlationId), correlationId };
  } catch (cause) {
    return refuse(cause, request?.correlationId);
  }
  const { correlationId } = request;
  if (request.messages.length === 0) return { result: { messages: [], agentId: call.agentName, correlationId } };
  const asked = askedIn({ correlationId, request, startedAt: call.now() });
  try {
    state = await call.keeping.openFor(state);
  } catch (cause) {
    return ended(call.keeping.refuse(state, asked, cause), correlationId);
  }
  const full = call.keeping.refusal(state, asked);
  if (full !== undefined) return ended(call.keeping.refuse(state, asked, full), correlationId);
  if (call.steps === undefined) return answer(call, request, state);
  // Turns that wait in the session go first, however the agent's turns run by now.
  if (call.durability !== 'step' && !isBusy(readBookkeeping(state))) return answer(call, request, state);
  const queued = { correlationId, request: writeRunRequest(request), enqueuedAt: call.now().toISOString() };
  return stepOutcome(await queueRun({ ...call, steps: call.steps }, queued, state));
}

async function performStep(call: KeptCall, steps: StepTurns, step: StepOperation): Promise<OperationOutcome> {
  try {
    const input = readInput(call);
    if (!isObject(input)) throw new RequestError('invalidRequest', 400, 'The input must be an object.');
    return stepOutcome(await step({ ...call, steps }, input as JsonObject, call.keeping.parse(call.state())));
  } catch (cause) {
    return refuse(cause, undefined);
  }
}

function stepOutcome(outcome: StepOutcome): OperationOutcome {
  const ending = outcome.ended?.outcome;
  if (ending?.status !== 'failed') return outcome;
  return { ...outcome, failure: { error: failureOf(ending.error), cause: ending.error } };
}

async function answer(call: KeptCall, request: RunRequest, state: StateDocument): Promise<OperationOutcome> {
  const { correlationId } = request;
  const startedAt = call.now();
  const { agentName, keeping } = call;
  const asked = askedIn({ correlationId, request, startedAt });
  let conversation: ChatMessage[];
  try {
    conversation = await keeping.conversation(state);
  } catch (cause) {
    return ended(keeping.refuse(state, asked, cause), correlationId);
  }
  const { outcome, cause } = await runTurn(call, request, withAsked(conversation, asked.messages));
  const ending = endingOf({ agentName, endedAt: call.now(), outcome });
  return ended(await keeping.settle(state, asked, ending), correlationId, cause);
}

/** The operation of a turn that has been written down. */
function ended({ state, actions, cause }: KeptTurn, correlationId: string, runCause?: unknown): OperationOutcome {
  // The result is read back from what is stored, so that a repeated request gets the very same.
  const recorded = findAnswer(state, correlationId);
  if (recorded === undefined) throw new TypeError('A stored answer must be found by its correlation id.');
  return {
    state,
    result: writeAnswer(recorded, correlationId),
    correlationId,
    ...(actions.length > 0 && { actions }),
    ...(recorded.status === 'failed' && { failure: { error: recorded.error, cause: cause ?? runCause } }),
  };
}

async function runTurn(
  call: SessionOperation,
  request: RunRequest,
  messages: ChatMessage[],
): Promise<{ outcome: RunOutcome; cause?: unknown }> {
  const { correlationId, enableToolCalls, enableToolNames, responseFormat, caller, traceContext } = request;
  const options = { enableToolCalls, enableToolNames, responseFormat };
  try {
    const outcome = await call.runTurn({
      messages,
      options,
      sessionId: call.sessionId,
      correlationId,
      caller,
      asked: request.messages.length,
      traceContext,
    });
    return outcome.status === 'failed' ? { outcome, cause: outcome.error } : { outcome };
  } catch (cause) {
    return { outcome: { status: 'failed', error: publicError(cause), messages: [] }, cause };
  }
}

function readInput(call: SessionOperation): unknown {
  try {
    return call.input();
  } catch (cause) {
    throw new RequestError('invalidRequest', 400, 'The request must be JSON.', { cause });
  }
}

/** Clears the conversation. A damaged document is replaced; one of another major version is left alone. */
async function reset(call: KeptCall): Promise<OperationOutcome> {
  try {
    return { state: await call.keeping.reset(call.keeping.parse(call.state())), result: { status: 'reset' } };
  } catch (cause) {
    if (DurableAgentError.is(cause) && cause.code === 'invalidState') {
      await call.keeping.forget();
      return { state: emptyState(), result: { status: 'reset' } };
    }
    return refuse(cause, undefined);
  }
}

/** `delete`: the whole session goes, whatever is in it; a turn that is running for it is stopped. */
async function remove(call: KeptCall): Promise<OperationOutcome> {
  await call.keeping.forget();
  return { deleted: true, result: { status: 'deleted' }, actions: leftovers(call) };
}

/** What has to be done about the turns of a session that goes. */
function leftovers(call: KeptCall): SessionAction[] {
  try {
    const state = call.keeping.parse(call.state());
    const { active } = readBookkeeping(state).turns;
    const purged = purgeEnded(state);
    if (active === undefined) return purged;
    return [{ type: 'terminate', instanceId: active.instanceId, reason: 'The session was deleted.' }, ...purged];
  } catch (cause) {
    // A damaged session can be deleted too; nothing is known to run for it.
    if (DurableAgentError.is(cause)) return [];
    throw cause;
  }
}

async function checkExpiry(call: KeptCall): Promise<OperationOutcome> {
  try {
    const state = call.keeping.parse(call.state());
    const outcome = await call.keeping.checkExpiry(state, readInput(call));
    return outcome.deleted ? { ...outcome, actions: purgeEnded(state) } : outcome;
  } catch (cause) {
    return refuse(cause, undefined);
  }
}

/** A turn that is not recorded is none to tell of: its operation was begun and never committed, and runs again. */
async function tell(call: KeptCall): Promise<OperationOutcome> {
  const input = readInput(call);
  const correlationId = isObject(input) ? input.correlationId : undefined;
  if (typeof correlationId !== 'string') return { result: null };
  const told = await call.keeping.toldTurn(call.keeping.parse(call.state()), correlationId);
  return { result: null, ...(told !== undefined && { told }) };
}

function unlogged({ agentName, sessionId, now }: SessionOperation) {
  return { agentName, sessionId, now, log: silentLogger, signal: new AbortController().signal };
}

function refuse(cause: unknown, correlationId: string | undefined): OperationOutcome {
  const error = failureOf(publicError(cause));
  return {
    result: writeFailure(error, correlationId),
    ...(correlationId !== undefined && { correlationId }),
    failure: { error, cause },
  };
}
