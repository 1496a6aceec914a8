import { type ChatMessage, textMessage } from '../agent/message.ts';
import { type RunRequest, writeRunRequest } from '../entity/run-request.ts';
import { DurableAgentError } from '../errors.ts';
import {
  type CorrelationId,
  checkSessionKey,
  entityName,
  formatSessionId,
  newCorrelationId,
  newSessionKey,
  type SessionKey,
} from '../ids.ts';
import type { Logger } from '../log.ts';
import { type AgentFailure, type Answer, failureOf, findAnswer } from '../state/answer.ts';
import { parseState } from '../state/codec.ts';
import { historyOf } from '../state/entity-state.ts';
import type { DurableClientPort } from './durable-client-port.ts';
import { systemTimers, type Timers } from './timers.ts';
import type { TurnWaiters } from './turn-waiters.ts';
import { waitFor } from './wait-for.ts';

export interface AgentClientOptions {
  port: DurableClientPort;
  /** Shared with the entities of this process, so that their end wakes those who wait here. */
  waiters: TurnWaiters;
  log: Logger;
  timers?: Timers;
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

  constructor({ port, waiters, log, timers = systemTimers }: AgentClientOptions) {
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
    const { responseFormat, enableToolCalls, enableToolNames } = call;
    const turn: Turn = {
      sessionKey: call.sessionKey === undefined ? newSessionKey() : checkSessionKey(call.sessionKey),
      correlationId: newCorrelationId(),
    };
    const messages = typeof input === 'string' ? [textMessage('user', input)] : [...input];
    const request = { messages, responseFormat, enableToolCalls, enableToolNames, correlationId: turn.correlationId };
    if (!wait) {
      await this.#send(agentName, turn, request);
      return { status: 'accepted', ...turn };
    }
    // Listening starts before the message leaves, or a quick answer's wake-up would be missed.
    const waiter = this.#waiters.add(formatSessionId(agentName, turn.sessionKey), turn.correlationId);
    try {
      await this.#send(agentName, turn, request);
      const read = () => this.#readAnswer(agentName, turn);
      const answer = await waitFor({ read, waiter, timeoutMs, timers: this.#timers, signal });
      return answer === undefined ? { status: 'timeout', ...turn } : { ...answer, ...turn };
    } finally {
      waiter.dispose();
    }
  }

  async #send(agentName: string, turn: Turn, request: RunRequest): Promise<void> {
    try {
      await this.#port.signalEntity(entityName(agentName), turn.sessionKey, 'run', writeRunRequest(request));
    } catch (cause) {
      throw new RuntimeUnavailableError('runtimeUnavailable', 'The durable runtime did not take the message.', {
        fix: 'Look at the cause; the storage or scheduler behind the app may be down or not set up.',
        cause,
      });
    }
  }

  async #readAnswer(agentName: string, turn: Turn): Promise<(Answer & { messageCount: number }) | undefined> {
    let stored: unknown;
    try {
      stored = await this.#port.readEntityState(entityName(agentName), turn.sessionKey);
    } catch (error) {
      // The message is with the backend already, so failing now would be wrong: the next look may work.
      this.#log.warn('The state of a session could not be read; trying again.', { error: String(error) });
      return undefined;
    }
    try {
      const state = parseState(stored);
      const answer = findAnswer(state, turn.correlationId);
      return answer && { ...answer, messageCount: historyOf(state).length };
    } catch (error) {
      // No turn can be recorded in a state that cannot be read, so there is nothing to wait for.
      if (DurableAgentError.is(error))
        return { status: 'failed', error: failureOf(error) satisfies AgentFailure, messageCount: 0 };
      throw error;
    }
  }
}
