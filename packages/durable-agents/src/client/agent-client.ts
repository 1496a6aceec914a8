import { type ChatMessage, textMessage } from '../agent/message.ts';
import { type Approval, type ApprovalDecision, approvalsOf, pendingApprovals } from '../entity/approvals.ts';
import { type ExternalHistory, stateWithTurn } from '../entity/retention-external.ts';
import { type RunRequest, writeRunRequest } from '../entity/run-request.ts';
import { readBookkeeping } from '../entity/session-bookkeeping.ts';
import { DurableAgentError, RequestError } from '../errors.ts';
import {
  type AgentSessionId,
  type CorrelationId,
  checkSessionKey,
  entityName,
  formatSessionId,
  newCorrelationId,
  newSessionKey,
  type SessionKey,
} from '../ids.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { Logger } from '../log.ts';
import { type AgentFailure, type Answer, failureOf, findAnswer } from '../state/answer.ts';
import { parseState } from '../state/codec.ts';
import { withoutUndefined } from '../state/content-codec.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { surelyLacks } from '../state/find-answer.ts';
import { type DecideResult, settled } from './decided.ts';
import type { DurableClientPort } from './durable-client-port.ts';
import { assertSameRequest, turnOfKey } from './idempotency.ts';
import { systemTimers, type Timers } from './timers.ts';
import type { TurnWaiters } from './turn-waiters.ts';
import { waitFor } from './wait-for.ts';

export interface AgentClientOptions {
  port: DurableClientPort;
  /** Shared with the entities of this process, so that their end wakes those who wait here. */
  waiters: TurnWaiters;
  log: Logger;
  timers?: Timers;
  /** Whether a turn is running in this process. Default: never. */
  running?: (sessionId: AgentSessionId, correlationId: string) => boolean;
  /** Where the conversations of the sessions are, if not within them. */
  history?: ExternalHistory | undefined;
}

/** One message to one session of an agent. */
export interface RunAgentCall extends Omit<RunRequest, 'messages' | 'correlationId' | 'orchestrationId'> {
  agentName: string;
  input: string | readonly ChatMessage[];
  /** The session to go on with. Default: a new one. */
  sessionKey?: string | undefined;
  /** Whether to wait for the answer. Default: true. */
  wait?: boolean | undefined;
  /** How long to wait, in milliseconds. Default: 100,000. */
  timeoutMs?: number | undefined;
  /** Stops the waiting, never the turn. */
  signal?: AbortSignal | undefined;
  /** A request with the same key for the same session is the same turn: it is run once. */
  idempotencyKey?: string | undefined;
  /** Names the turn. Default: a new one, or that of the idempotency key. */
  correlationId?: CorrelationId | undefined;
}

/** A person's answer to a tool call that waits for approval. */
export interface DecideCall {
  agentName: string;
  sessionKey: string;
  callId: string;
  approved: boolean;
  /** Told to the model when the call is refused. */
  reason?: string | undefined;
  /** Made with these instead of those that were shown. */
  arguments?: JsonObject | undefined;
  /** Who decided. */
  decidedBy?: JsonValue | undefined;
  timeoutMs?: number | undefined;
  /** What is wrong with the arguments for a tool; undefined if nothing is. */
  argumentsProblem?: (tool: string, args: JsonObject) => Promise<string | undefined>;
}

interface Turn {
  sessionKey: SessionKey;
  correlationId: CorrelationId;
}

export type RunAgentResult =
  /** Sent; not waited for. */
  | (Turn & { status: 'accepted' })
  /** Sent, and still running when the time was up. The turn goes on. */
  | (Turn & { status: 'timeout' })
  /** The turn waits for a person; it goes on when all of these are decided. */
  | (Turn & { status: 'waiting'; pendingApprovals: Approval[] })
  | (Turn & Answer & { /** Entries in the session's history, two a turn. */ messageCount: number });

/** The backend did not take the message, as far as is known. */
export class RuntimeUnavailableError extends DurableAgentError {
  override name = 'RuntimeUnavailableError';
}

/** Talks to sessions from outside: sends a message to the session's entity and waits for the recorded answer. */
export class AgentClient {
  readonly #port: DurableClientPort;
  readonly #waiters: TurnWaiters;
  readonly #log: Logger;
  readonly #timers: Timers;
  readonly #running: NonNullable<AgentClientOptions['running']>;
  readonly #history: ExternalHistory | undefined;

  constructor({ port, waiters, log, timers = systemTimers, running = () => false, history }: AgentClientOptions) {
    this.#running = running;
    this.#history = history;
    this.#port = port;
    this.#waiters = waiters;
    this.#log = log;
    this.#timers = timers;
  }

  /**
   * Sends a message and, unless told otherwise, waits for its answer. A failed turn is a result, not an exception.
   *
   * @throws RequestError `invalidSessionId`; RuntimeUnavailableError `runtimeUnavailable` if the message could not be
   * handed over.
   */
  async runAgent(call: RunAgentCall): Promise<RunAgentResult> {
    const { agentName, input, wait = true, timeoutMs = 100_000, signal } = call;
    const { responseFormat, enableToolCalls, enableToolNames, caller, traceContext } = call;
    const turn = turnOf(call);
    const messages = typeof input === 'string' ? [textMessage('user', input)] : [...input];
    const options = { responseFormat, enableToolCalls, enableToolNames, caller, traceContext };
    const request = { messages, ...options, correlationId: turn.correlationId };
    if (call.idempotencyKey !== undefined) {
      const known = await this.#readOutcome(agentName, turn, messages);
      if (known !== undefined) return known;
    }
    if (!wait) {
      await this.#send(agentName, turn, request);
      return { status: 'accepted', ...turn };
    }
    // Listening starts before the message leaves, or a quick answer's wake-up would be missed.
    const waiter = this.#waiters.add(formatSessionId(agentName, turn.sessionKey), turn.correlationId);
    try {
      await this.#send(agentName, turn, request);
      const looked = { isSound: false };
      const read = () => this.#readOutcome(agentName, turn, messages, looked);
      const outcome = await waitFor({ read, waiter, timeoutMs, timers: this.#timers, signal });
      return outcome ?? { status: 'timeout', ...turn };
    } finally {
      waiter.dispose();
    }
  }

  /**
   * Answers a tool call that waits for approval. The first answer stands.
   *
   * @throws RequestError `approvalNotFound` (404), `approvalConflict` (409) if it was decided otherwise,
   * `approvalExpired` (410), `invalidArguments` (400); RuntimeUnavailableError
   */
  async decide(call: DecideCall): Promise<DecideResult> {
    const { agentName, callId, approved, reason, arguments: args, decidedBy, timeoutMs = 30_000 } = call;
    const sessionKey = checkSessionKey(call.sessionKey);
    const decisionId = newCorrelationId();
    const decision = { decisionId, approved, decidedAt: '', ...(reason !== undefined && { reason }) };
    const wanted: ApprovalDecision = { ...decision, ...(args !== undefined && { arguments: args }) };
    const read = async () => {
      const state = await this.#readState(agentName, sessionKey);
      const approval = state && approvalsOf(state).find((candidate) => candidate.callId === callId);
      if (approval === undefined) throw new RequestError('approvalNotFound', 404, 'No tool call waits under this id.');
      return approval;
    };
    const open = await read();
    const before = settled(open, wanted);
    if (before !== undefined) return before;
    const problem = approved && args !== undefined ? await call.argumentsProblem?.(open.name, args) : undefined;
    if (problem !== undefined) {
      throw new RequestError(
        'invalidArguments',
        400,
        `These arguments do not fit the tool "${open.name}": ${problem}.`,
      );
    }
    const waiter = this.#waiters.add(formatSessionId(agentName, sessionKey), decisionId);
    try {
      const input = { callId, decisionId, approved, reason, arguments: args, decidedBy };
      await this.#signal(agentName, sessionKey, 'approve', withoutUndefined(input));
      const look = async () => settled(await read(), wanted);
      const outcome = await waitFor({ read: look, waiter, timeoutMs, timers: this.#timers });
      return outcome ?? { status: 'accepted' };
    } finally {
      waiter.dispose();
    }
  }

  /**
   * Asks a turn to stop. When it resolves the order is on disk; the turn ends with the failure `canceled`.
   *
   * @throws RequestError `turnNotFound` (404), `turnEnded` (409); RuntimeUnavailableError
   */
  async cancel(agentName: string, sessionKey: string, correlationId: string): Promise<void> {
    const key = checkSessionKey(sessionKey);
    const state = await this.#readState(agentName, key);
    if (state !== undefined) {
      if (findAnswer(state, correlationId) !== undefined) {
        throw new RequestError('turnEnded', 409, 'The turn has ended; there is nothing to cancel.');
      }
      const { active, queue } = readBookkeeping(state).turns;
      const known = [active, ...queue].some((turn) => turn?.correlationId === correlationId);
      // A turn inside an operation is in no state until it has ended: this process may know it all the same.
      if (!known && !this.#running(formatSessionId(agentName, key), correlationId)) {
        throw new RequestError('turnNotFound', 404, 'The session does not know this turn, or has not begun it yet.');
      }
    }
    await this.#signal(agentName, key, 'cancel', { correlationId });
  }

  #send(agentName: string, turn: Turn, request: RunRequest): Promise<void> {
    return this.#signal(agentName, turn.sessionKey, 'run', writeRunRequest(request));
  }

  async #signal(agentName: string, sessionKey: SessionKey, operation: string, input: JsonObject): Promise<void> {
    try {
      await this.#port.signalEntity(entityName(agentName), sessionKey, operation, input);
    } catch (cause) {
      throw new RuntimeUnavailableError('runtimeUnavailable', 'The durable runtime did not take the message.', {
        fix: 'Look at the cause; the storage or scheduler behind the app may be down or not set up.',
        cause,
      });
    }
  }

  async #readOutcome(
    agentName: string,
    turn: Turn,
    messages: readonly ChatMessage[],
    looked = { isSound: false },
  ): Promise<RunAgentResult | undefined> {
    let state: StateDocument;
    try {
      const stored = await this.#readStored(agentName, turn.sessionKey);
      // A state that could be used once stays so; one that cannot will never have an answer.
      if (looked.isSound && typeof stored === 'string' && surelyLacks(stored, turn.correlationId)) return undefined;
      state = parseState(stored);
      looked.isSound = true;
      const sessionId = formatSessionId(agentName, turn.sessionKey);
      state = await stateWithTurn(state, turn.correlationId, this.#history, sessionId);
    } catch (error) {
      // No turn can be recorded in a state that cannot be read, so there is nothing to wait for.
      if (!DurableAgentError.is(error)) throw error;
      return { ...turn, status: 'failed', error: failureOf(error) satisfies AgentFailure, messageCount: 0 };
    }
    const answer = findAnswer(state, turn.correlationId);
    if (answer !== undefined) {
      assertSameRequest(state, turn.correlationId, messages);
      return { ...answer, ...turn, messageCount: historyOf(state).length };
    }
    const pending = pendingApprovals(state).filter(({ correlationId }) => correlationId === turn.correlationId);
    return pending.length === 0 ? undefined : { ...turn, status: 'waiting', pendingApprovals: pending };
  }

  /** @throws StateError if the state cannot be used */
  async #readState(agentName: string, sessionKey: SessionKey): Promise<StateDocument> {
    return parseState(await this.#readStored(agentName, sessionKey));
  }

  /** What is stored of a session; undefined if it cannot be had just now. */
  async #readStored(agentName: string, sessionKey: SessionKey): Promise<unknown> {
    try {
      return await this.#port.readEntityState(entityName(agentName), sessionKey);
    } catch (error) {
      // The message is with the backend already, so failing now would be wrong: the next look may work.
      this.#log.warn('The state of a session could not be read; trying again.', { error: String(error) });
      return undefined;
    }
  }
}

function turnOf({ agentName, sessionKey, idempotencyKey, correlationId }: RunAgentCall): Turn {
  const given = sessionKey === undefined ? undefined : checkSessionKey(sessionKey);
  if (idempotencyKey !== undefined) return turnOfKey(agentName, given, idempotencyKey);
  return { sessionKey: given ?? newSessionKey(), correlationId: correlationId ?? newCorrelationId() };
}
