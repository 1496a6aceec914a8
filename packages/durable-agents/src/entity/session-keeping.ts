import type { ChatMessage } from '../agent/message.ts';
import type { StateError } from '../errors.ts';
import type { AgentSessionId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { checkBinding } from '../session/history-binding.ts';
import { type Answer, failureOf, findAnswer } from '../state/answer.ts';
import { parseState } from '../state/codec.ts';
import type { FreshVersion, StateDocument } from '../state/entity-state.ts';
import { conversationOf } from '../state/history.ts';
import type { TurnEnding } from '../state/record-turn.ts';
import { resetState, restartState } from '../state/reset-state.ts';
import type { RequestFacts } from '../state/turn-entries.ts';
import { type ExpiryOperation, expiryAfterRun, isExpired, performExpiryCheck } from './expiry.ts';
import type { ExpirySettings } from './expiry-settings.ts';
import { publicError } from './public-error.ts';
import type { RetentionPolicy } from './retention.ts';
import { visibleState } from './retention-apply.ts';
import { type ExternalHistory, loadHistory, settleExternalTurn, stateWithTurn } from './retention-external.ts';
import {
  type KeepSettings,
  messagesOf,
  refuseTurn,
  roomProblem,
  type SettledTurn,
  settleTurn,
} from './retention-settle.ts';
import type { SessionAction } from './session-actions.ts';
import { type ToldTurn, toldTurn } from './tell-turn.ts';

/** How the sessions of an agent are kept. */
export interface KeepingSettings extends KeepSettings {
  /** How much of what is kept the model sees. Default: all. */
  context?: RetentionPolicy | undefined;
  history?: ExternalHistory | undefined;
  expiry: ExpirySettings;
  /** Schema version of new sessions. */
  freshVersion: FreshVersion;
}

export interface KeepingContext {
  agentName: string;
  sessionId: AgentSessionId;
  now: () => Date;
  log: Logger;
  /** Stops the summary of older exchanges. */
  signal: AbortSignal;
}

/** A turn that has been written down, with what its session asks of the runtime. */
export interface KeptTurn extends SettledTurn {
  actions: SessionAction[];
  /** Behind `failure`, for the log. */
  cause?: unknown;
}

/** What happens to the state of one session before, between and after its turns. Storing it is the caller's part. */
export class SessionKeeping {
  readonly #settings: KeepingSettings;
  readonly #context: KeepingContext;

  constructor(settings: KeepingSettings, context: KeepingContext) {
    this.#settings = settings;
    this.#context = context;
  }

  /** @throws StateError as `parseState` */
  parse(stored: unknown): StateDocument {
    return parseState(stored, this.#settings.freshVersion);
  }

  /**
   * The outcome of a turn that has ended, wherever it is kept.
   *
   * @throws StateError
   */
  async answerOf(state: StateDocument, correlationId: string): Promise<Answer | undefined> {
    const { history } = this.#settings;
    return findAnswer(await stateWithTurn(state, correlationId, history, this.#context.sessionId), correlationId);
  }

  /** What is recorded of a turn that has ended, for those who watch it. */
  async toldTurn(state: StateDocument, correlationId: string): Promise<ToldTurn | undefined> {
    const { history } = this.#settings;
    return toldTurn(await stateWithTurn(state, correlationId, history, this.#context.sessionId), correlationId);
  }

  /** The state in which a new message is taken: a fresh one if the session is over and only not yet deleted. */
  async openFor(state: StateDocument): Promise<StateDocument> {
    if (!isExpired(state, this.#context.now())) return state;
    await this.forget();
    return restartState(state, this.#settings.freshVersion);
  }

  /** Why a message cannot be taken, before any model is asked. */
  refusal(state: StateDocument, request: RequestFacts): StateError | undefined {
    // What is kept outside need not fit into the document with it.
    const retention = this.#settings.history === undefined ? this.#settings.retention : yielding;
    return roomProblem(state, request, { ...this.#settings, retention });
  }

  /** Records that a turn could not be kept, and in short what was done in it. */
  refuse(state: StateDocument, request: RequestFacts, cause: unknown, ending?: TurnEnding): KeptTurn {
    const failure = failureOf(publicError(cause));
    const messages = ending === undefined ? [] : messagesOf(ending);
    const settled = refuseTurn(state, request, failure, this.#settings, this.#settleContext(), messages);
    return { ...this.#afterTurn(settled, request, false), cause };
  }

  /**
   * The conversation so far, as the model is to see it.
   *
   * @throws StateError `historyProviderChanged`, `historyMissing`
   */
  async conversation(state: StateDocument): Promise<ChatMessage[]> {
    return conversationOf(await this.visible(state));
  }

  /** The document with the part of the conversation that the model is to see. Only for reading. */
  async visible(state: StateDocument): Promise<StateDocument> {
    const { context } = this.#settings;
    const loaded = await this.#loaded(state);
    return context === undefined ? loaded : visibleState(loaded, context);
  }

  /**
   * Writes a finished turn down, keeps the document within its limit, and moves the deadline. A turn that the store of
   * its history does not take is recorded as failed: whoever waits for it must get an end.
   */
  async settle(state: StateDocument, request: RequestFacts, ending: TurnEnding): Promise<KeptTurn> {
    const { history } = this.#settings;
    const context = this.#settleContext();
    let settled: SettledTurn;
    try {
      settled =
        history === undefined
          ? await settleTurn(state, request, ending, this.#settings, context)
          : await settleExternalTurn(state, request, ending, { ...this.#settings, history }, context);
    } catch (cause) {
      return this.refuse(state, request, cause, ending);
    }
    return this.#afterTurn(settled, request, ending.status === 'completed' && settled.failure === undefined);
  }

  /** The operation `CheckAndDeleteIfExpired`. What is kept outside goes first, so that nothing is left behind. */
  async checkExpiry(state: StateDocument, input: unknown): Promise<ExpiryOperation> {
    const outcome = performExpiryCheck(state, input, this.#settings.expiry, this.#context.now());
    if (outcome.deleted) await this.forget();
    return outcome;
  }

  /** The operation `reset`. */
  async reset(state: StateDocument): Promise<StateDocument> {
    await this.forget();
    return resetState(state, this.#context.now());
  }

  /** Deletes what is kept outside of the document. */
  async forget(): Promise<void> {
    await this.#settings.history?.provider.delete(this.#context.sessionId);
  }

  async #loaded(state: StateDocument): Promise<StateDocument> {
    const { history } = this.#settings;
    if (history !== undefined) return loadHistory(state, history, this.#context.sessionId);
    checkBinding(state, undefined);
    return state;
  }

  #afterTurn(settled: SettledTurn, { correlationId }: RequestFacts, succeeded: boolean): KeptTurn {
    const { sessionId, now } = this.#context;
    const moved = expiryAfterRun(settled.state, { correlationId, succeeded }, sessionId, this.#settings.expiry, now());
    return { ...settled, ...moved };
  }

  #settleContext() {
    const { now, ...context } = this.#context;
    return { ...context, now: now() };
  }
}

const yielding: RetentionPolicy = { name: 'external', drop: () => 0, yieldsToLimit: true };
