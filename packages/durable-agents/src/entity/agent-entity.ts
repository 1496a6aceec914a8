import type { RunOutcome } from '../agent/effects.ts';
import type { ChatMessage } from '../agent/message.ts';
import { DurableAgentError, RequestError } from '../errors.ts';
import type { AgentSessionId } from '../ids.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { type AgentFailure, failureOf, findAnswer } from '../state/answer.ts';
import { parseState } from '../state/codec.ts';
import { emptyState, type StateDocument } from '../state/entity-state.ts';
import { conversationOf } from '../state/history.ts';
import { isObject } from '../state/stored-fields.ts';
import { writeAnswer, writeFailure } from './operation-result.ts';
import { recordTurn, stamp } from './record-turn.ts';
import { type RunRequest, readRunRequest, writeRunRequest } from './run-request.ts';
import type { RunAgentTurn } from './run-turn.ts';
import type { SessionAction } from './session-actions.ts';
import { isBusy, readBookkeeping } from './session-bookkeeping.ts';
import {
  approveCall,
  beginTurn,
  cancelTurn,
  endTurn,
  queueRun,
  readDecisions,
  type StepCall,
  type StepOutcome,
  type StepTurns,
  waitForApprovals,
} from './step-turns.ts';

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
  /** How the agent's turns run: within the operation, or as orchestrations. */
  durability?: 'turn' | 'step';
  /** Needed for turns as orchestrations, and for sessions that have some from before. */
  steps?: StepTurns | undefined;
}

export interface OperationOutcome {
  /** The new state; absent means that what is stored stays as it is. */
  state?: StateDocument;
  result: JsonValue;
  /** The turn that has now been answered, freshly or before. */
  correlationId?: string;
  /** What else somebody in this process may wait for. */
  wakes?: readonly string[];
  /** What the host has to do before the operation ends. */
  actions?: readonly SessionAction[];
  /** Set if this call failed. `cause` is for the log; it may say more than a caller should see. */
  failure?: { error: AgentFailure; cause: unknown };
}

const runNames: ReadonlySet<string> = new Set(['run', 'runagentasync', 'run_agent']);

type StepOperation = (call: StepCall, input: JsonObject, state: StateDocument) => StepOutcome | Promise<StepOutcome>;

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
export async function performOperation(call: SessionOperation): Promise<OperationOutcome> {
  try {
    const operation = (call.operation ?? '').toLowerCase();
    if (runNames.has(operation)) return await run(call);
    if (operation === 'reset') return reset(call);
    const step = stepOperations.get(operation);
    if (step !== undefined && call.steps !== undefined) return await performStep(call, call.steps, step);
    return { result: { error: `Unknown operation: ${call.operation ?? ''}` } };
  } catch (bug) {
    return refuse(bug, undefined);
  }
}

async function run(call: SessionOperation): Promise<OperationOutcome> {
  let request: RunRequest | undefined;
  let state: StateDocument;
  try {
    request = readRunRequest(readInput(call));
    state = parseState(call.state());
  } catch (cause) {
    return refuse(cause, request?.correlationId);
  }
  const { correlationId } = request;
  const known = findAnswer(state, correlationId);
  if (known !== undefined) return { result: writeAnswer(known, correlationId), correlationId };
  if (request.messages.length === 0) return { result: { messages: [], agentId: call.agentName, correlationId } };
  if (call.steps === undefined) return answer(call, request, state);
  // Turns that wait in the session go first, however the agent's turns run by now.
  if (call.durability !== 'step' && !isBusy(readBookkeeping(state))) return answer(call, request, state);
  const queued = { correlationId, request: writeRunRequest(request), enqueuedAt: call.now().toISOString() };
  return stepOutcome(await queueRun({ ...call, steps: call.steps }, queued, state));
}

async function performStep(call: SessionOperation, steps: StepTurns, step: StepOperation): Promise<OperationOutcome> {
  try {
    const input = readInput(call);
    if (!isObject(input)) throw new RequestError('invalidRequest', 400, 'The input must be an object.');
    return stepOutcome(await step({ ...call, steps }, input as JsonObject, parseState(call.state())));
  } catch (cause) {
    return refuse(cause, undefined);
  }
}

function stepOutcome({ failed, ...outcome }: StepOutcome): OperationOutcome {
  if (failed?.status !== 'failed') return outcome;
  return { ...outcome, failure: { error: failureOf(failed.error), cause: failed.error } };
}

async function answer(call: SessionOperation, request: RunRequest, state: StateDocument): Promise<OperationOutcome> {
  const { correlationId } = request;
  const startedAt = call.now();
  const asked = stamp(request.messages, startedAt);
  const { outcome, cause } = await runTurn(call, request, [...conversationOf(state), ...asked]);
  const { agentName } = call;
  const after = recordTurn(state, { agentName, correlationId, request, startedAt, endedAt: call.now(), outcome });
  // The result is read back from what is stored, so that a repeated request gets the very same.
  const recorded = findAnswer(after, correlationId);
  if (recorded === undefined) throw new TypeError('A stored answer must be found by its correlation id.');
  return {
    state: after,
    result: writeAnswer(recorded, correlationId),
    correlationId,
    ...(recorded.status === 'failed' && { failure: { error: recorded.error, cause } }),
  };
}

async function runTurn(
  call: SessionOperation,
  request: RunRequest,
  messages: ChatMessage[],
): Promise<{ outcome: RunOutcome; cause?: unknown }> {
  const { correlationId, enableToolCalls, enableToolNames, responseFormat, caller } = request;
  const options = { enableToolCalls, enableToolNames, responseFormat };
  try {
    const outcome = await call.runTurn({ messages, options, sessionId: call.sessionId, correlationId, caller });
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
function reset(call: SessionOperation): OperationOutcome {
  try {
    const { schemaVersion, data } = parseState(call.state());
    const { expirationTimeUtc, extensionData } = data;
    const cleared = {
      conversationHistory: [],
      ...(expirationTimeUtc !== undefined && { expirationTimeUtc }),
      // Turns that run or wait are not part of the conversation yet.
      ...(extensionData !== undefined && { extensionData }),
    };
    return { state: { schemaVersion, data: cleared }, result: { status: 'reset' } };
  } catch (cause) {
    if (DurableAgentError.is(cause) && cause.code === 'invalidState') {
      return { state: emptyState(), result: { status: 'reset' } };
    }
    return refuse(cause, undefined);
  }
}

function refuse(cause: unknown, correlationId: string | undefined): OperationOutcome {
  const error = failureOf(publicError(cause));
  return {
    result: writeFailure(error, correlationId),
    ...(correlationId !== undefined && { correlationId }),
    failure: { error, cause },
  };
}

/** Our own errors are written for callers. Anything else is a bug, and its text could give away too much. */
function publicError(cause: unknown): DurableAgentError {
  if (DurableAgentError.is(cause)) return cause;
  return new DurableAgentError('internalError', 'The agent failed unexpectedly. The log of the app has the details.', {
    cause,
  });
}
