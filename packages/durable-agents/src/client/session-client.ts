import { messageText } from '../agent/message.ts';
import { type Approval, pendingApprovals } from '../entity/approvals.ts';
import { type ExternalHistory, loadHistory, stateWithTurn } from '../entity/retention-external.ts';
import { readBookkeeping } from '../entity/session-bookkeeping.ts';
import { DurableAgentError, RequestError } from '../errors.ts';
import { type AgentSessionId, checkSessionKey, entityName, formatSessionId, type SessionKey } from '../ids.ts';
import { type Answer, findAnswer } from '../state/answer.ts';
import { parseState } from '../state/codec.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { readMessages } from '../state/message-codec.ts';
import { RuntimeUnavailableError } from './agent-client.ts';
import { issuedAt } from './issued-at.ts';
import type { SessionListPort } from './session-list-port.ts';
import { type SessionView, sessionView } from './session-view.ts';
import { systemTimers, type Timers } from './timers.ts';
import { TurnWaiters } from './turn-waiters.ts';
import { waitFor } from './wait-for.ts';

export interface SessionClientOptions {
  port: SessionListPort;
  /** Whether a turn is running in this process, or was sent from it and has not begun. Default: never. */
  running?: ((sessionId: AgentSessionId, correlationId: string) => boolean) | undefined;
  /** Where the conversations of the sessions are, if not within them. */
  history?: ExternalHistory | undefined;
  timers?: Timers | undefined;
  /** Milliseconds since 1970. Default: the system's clock. */
  clock?: (() => number) | undefined;
}

export interface ListSessionsOptions {
  /** Only sessions whose id begins so. */
  prefix?: string | undefined;
  /** Sessions a page at most, up to 1,000. Default: 100. */
  pageSize?: number | undefined;
  /** From the page before. */
  continuation?: string | undefined;
}

export interface SessionPage {
  sessions: { sessionId: SessionKey; lastUsedAt?: string | undefined }[];
  /** Absent on the last page. */
  continuation?: string | undefined;
}

/** What is known of a turn. */
export type RunState =
  | (Answer & {
      messageCount: number;
      /** What was asked, where the session still has it. */
      message: string;
    })
  /** `accepted`: sent a short while ago; no state has it yet. */
  | { status: 'running' | 'queued' | 'accepted' }
  | { status: 'waitingForApproval'; pendingApprovals: Approval[] };

/** How long to wait for an order to be carried out, in milliseconds. */
const orderTimeoutMs = 5_000;

/**
 * How long a turn that no state knows counts as on its way, in milliseconds from the making of its id. A turn within an
 * operation is in no state until it has ended, and the longest ones take as long as a function may.
 */
const onItsWayMs = 3_600_000;

/** By how much the clocks of two machines may differ. */
const skewMs = 60_000;

/** Pages of the backend that one page of a filtered list may cost. */
const maxPagesALook = 20;

/** Reads, lists, resets and deletes sessions. */
export class SessionClient {
  readonly #port: SessionListPort;
  readonly #running: NonNullable<SessionClientOptions['running']>;
  readonly #history: ExternalHistory | undefined;
  readonly #timers: Timers;
  readonly #clock: () => number;

  constructor(options: SessionClientOptions) {
    const { port, running = () => false, history, timers = systemTimers, clock = Date.now } = options;
    this.#clock = clock;
    this.#history = history;
    this.#port = port;
    this.#running = running;
    this.#timers = timers;
  }

  /**
   * A session with its messages; `undefined` if there is none.
   *
   * @throws RequestError `invalidSessionId`; StateError; RuntimeUnavailableError
   */
  async get(agentName: string, sessionKey: string): Promise<SessionView | undefined> {
    const key = checkSessionKey(sessionKey);
    const state = await this.#read(agentName, key);
    if (state === undefined) return undefined;
    const sessionId = formatSessionId(agentName, key);
    const whole = this.#history === undefined ? state : await loadHistory(state, this.#history, sessionId);
    return sessionView(agentName, key, state, whole);
  }

  /**
   * The sessions of an agent, a page at a time. A page may be empty and still not be the last.
   *
   * @throws RequestError `invalidPageSize` (400); RuntimeUnavailableError
   */
  async list(agentName: string, options: ListSessionsOptions = {}): Promise<SessionPage> {
    const { prefix = '', pageSize = 100 } = options;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 1_000) {
      throw new RequestError('invalidPageSize', 400, 'The page size must be a whole number from 1 to 1,000.');
    }
    const sessions: SessionPage['sessions'] = [];
    let { continuation } = options;
    for (let look = 0; look < maxPagesALook; look++) {
      // What is left to fill, so that no session is read that the page has no room for.
      const query = { name: entityName(agentName), pageSize: pageSize - sessions.length, continuation };
      const page = await this.#do('list the sessions', () => this.#port.listEntities(query));
      for (const { key, lastOperationTime } of page.entities) {
        if (key.startsWith(prefix)) sessions.push({ sessionId: key as SessionKey, lastUsedAt: lastOperationTime });
      }
      continuation = page.continuation;
      if (continuation === undefined || sessions.length >= pageSize) break;
    }
    return { sessions, ...(continuation !== undefined && { continuation }) };
  }

  /**
   * What became of a turn; `undefined` if the session does not know it.
   *
   * @throws RequestError `invalidSessionId`; StateError; RuntimeUnavailableError
   */
  async getRun(agentName: string, sessionKey: string, correlationId: string): Promise<RunState | undefined> {
    const key = checkSessionKey(sessionKey);
    const state = await this.#read(agentName, key);
    const sessionId = formatSessionId(agentName, key);
    const known = state && runState(await stateWithTurn(state, correlationId, this.#history, sessionId), correlationId);
    // A turn inside an operation is in no state until it has ended.
    if (known !== undefined) return known;
    if (this.#running(sessionId, correlationId)) return { status: 'running' };
    const age = this.#clock() - (issuedAt(correlationId) ?? Number.NEGATIVE_INFINITY);
    return age >= -skewMs && age <= onItsWayMs ? { status: 'accepted' } : undefined;
  }

  /**
   * Clears a conversation. Waits up to 5 seconds; `accepted` means that it will be done after what the session has to
   * do before. There is nothing to clear in a session that is not there: `notFound`. A damaged one can be cleared.
   *
   * @throws RequestError `invalidSessionId`; StateError `stateVersionUnsupported`; RuntimeUnavailableError
   */
  reset(agentName: string, sessionKey: string): Promise<'done' | 'accepted' | 'notFound'> {
    return this.#order(agentName, sessionKey, 'reset', (state) => state === undefined || historyOf(state).length === 0);
  }

  /** Deletes a session with all that it knows, as `reset` does. A message that comes later begins it anew. */
  delete(agentName: string, sessionKey: string): Promise<'done' | 'accepted' | 'notFound'> {
    return this.#order(agentName, sessionKey, 'delete', (state) => state === undefined);
  }

  async #order(
    agentName: string,
    sessionKey: string,
    operation: string,
    isDone: (state: StateDocument | undefined) => boolean,
  ): Promise<'done' | 'accepted' | 'notFound'> {
    const key = checkSessionKey(sessionKey);
    const read = () => this.#do('read the session', () => this.#port.readEntityState(entityName(agentName), key));
    const before = await read();
    if (isNothing(before)) return 'notFound';
    if (operation === 'reset') assertOurs(before);
    await this.#do(`take the order to ${operation}`, () =>
      this.#port.signalEntity(entityName(agentName), key, operation, {}),
    );
    const look = async () => {
      const stored = await read();
      return isDone(isNothing(stored) ? undefined : parseIfPossible(stored)) ? ('done' as const) : undefined;
    };
    const waiter = new TurnWaiters().add(formatSessionId(agentName, key), '');
    return (await waitFor({ read: look, waiter, timeoutMs: orderTimeoutMs, timers: this.#timers })) ?? 'accepted';
  }

  async #read(agentName: string, key: SessionKey): Promise<StateDocument | undefined> {
    const stored = await this.#do('read the session', () => this.#port.readEntityState(entityName(agentName), key));
    return isNothing(stored) ? undefined : parseState(stored);
  }

  async #do<Result>(what: string, act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (cause) {
      throw new RuntimeUnavailableError('runtimeUnavailable', `The durable runtime did not ${what}.`, {
        fix: 'Look at the cause; the storage or scheduler behind the app may be down or not set up.',
        cause,
      });
    }
  }
}

function runState(state: StateDocument, correlationId: string): RunState | undefined {
  const answer = findAnswer(state, correlationId);
  if (answer !== undefined) {
    return { ...answer, messageCount: historyOf(state).length, message: askedText(state, correlationId) };
  }
  const { active, queue } = readBookkeeping(state).turns;
  if (active?.correlationId === correlationId) {
    const pending = pendingApprovals(state).filter((approval) => approval.correlationId === correlationId);
    return pending.length === 0 ? { status: 'running' } : { status: 'waitingForApproval', pendingApprovals: pending };
  }
  return queue.some((turn) => turn.correlationId === correlationId) ? { status: 'queued' } : undefined;
}

function askedText(state: StateDocument, correlationId: string): string {
  const asked = historyOf(state).findLast(
    (entry) => entry.$type === 'request' && entry.correlationId === correlationId,
  );
  return readMessages(asked?.messages).map(messageText).join('');
}

/** @throws StateError `stateVersionUnsupported` for what another version of the library must look after. */
function assertOurs(stored: unknown): void {
  try {
    parseState(stored);
  } catch (error) {
    if (!DurableAgentError.is(error) || error.code !== 'invalidState') throw error;
  }
}

function parseIfPossible(stored: unknown): StateDocument | undefined {
  try {
    return parseState(stored);
  } catch (error) {
    // Still the damaged state: the order has not been carried out.
    if (DurableAgentError.is(error)) return { schemaVersion: '', data: { conversationHistory: [{}] } };
    throw error;
  }
}

function isNothing(stored: unknown): boolean {
  return stored === undefined || stored === null || stored === '';
}
