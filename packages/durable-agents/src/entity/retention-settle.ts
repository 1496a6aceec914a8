import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import { ConfigurationError, StateError } from '../errors.ts';
import { type AgentFailure, failureOf, isAnswer, recordedFailure } from '../state/answer.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { knownSize } from '../state/known-size.ts';
import { expireResults, type RecordOptions, recordTurn, type TurnEnding } from '../state/record-turn.ts';
import { hasTerminalRecords } from '../state/terminal-records.ts';
import type { RequestFacts } from '../state/turn-entries.ts';
import { shortToolWork } from './refused-work.ts';
import type { RetentionPolicy } from './retention.ts';
import { applyRetention, type RetentionContext, stateBytes } from './retention-apply.ts';
import { withReceiptsOf } from './retention-evict.ts';
import { type Exchange, partsOf } from './retention-exchanges.ts';

/** How much of a session is kept. */
export interface KeepSettings extends RecordOptions {
  /** Largest stored document, in bytes. */
  maxStateBytes: number;
  retention: RetentionPolicy;
}

/** Bytes that are kept free for the record of a turn that does not fit. */
const reserveBytes = 16_384;
const smallestLimit = 65_536;

/** By how much more than its new turn a document can have grown since it was read: deadline and bookkeeping. */
const bookkeepingBytes = 8_192;

/** How many records of turns that did not fit are kept. */
const maxRefusals = 8;

/** Size of such a record without the work of tools, and what that work may add to it, in bytes. */
const refusalBytes = 2_048;
const leastWorkBytes = 1_024;
const mostWorkBytes = 8_192;

export const defaultMaxStateBytes = 1_048_576;

/** @throws ConfigurationError `invalidOption` for a limit below 65,536 bytes. */
export function checkMaxStateBytes(maxStateBytes: number): number {
  if (Number.isSafeInteger(maxStateBytes) && maxStateBytes >= smallestLimit) return maxStateBytes;
  const message = `maxStateBytes must be a whole number of at least ${smallestLimit}, not ${maxStateBytes}.`;
  throw new ConfigurationError('invalidOption', message);
}

/** What settling a turn may use of the world. */
export interface SettleContext extends Omit<RetentionContext, 'maxStateBytes'> {
  agentName: string;
}

/** A turn that has been written down. */
export interface SettledTurn {
  state: StateDocument;
  /** Set if the turn did not fit, and this was recorded in its place. */
  failure?: AgentFailure;
  droppedExchanges: number;
  /** What a summary of older exchanges has cost. */
  usage?: Usage | undefined;
}

/**
 * Why a request cannot be taken, found out before a model is paid for it: the session is full and keeps everything, or
 * the request alone is too large.
 */
export function roomProblem(
  state: StateDocument,
  request: RequestFacts,
  { maxStateBytes, retention }: KeepSettings,
): StateError | undefined {
  const empty = retention.yieldsToLimit ? withoutExchanges(state) : state;
  const bytes = stateBytes(recordTurn(empty, request, unanswered(request)));
  return bytes <= maxStateBytes - reserveBytes ? undefined : stateTooLarge(bytes, maxStateBytes);
}

/**
 * Writes a finished turn into the document of its session, lets go of what is not to be kept, and sees to it that the
 * document fits: a turn that does not fit is recorded as failed with `stateTooLarge`, and nothing else is lost.
 */
export async function settleTurn(
  before: StateDocument,
  request: RequestFacts,
  ending: TurnEnding,
  settings: KeepSettings,
  context: SettleContext,
): Promise<SettledTurn> {
  const { maxStateBytes, retention } = settings;
  const limit = maxStateBytes - reserveBytes;
  const current = expireResults(before, context.now);
  const recorded = recordTurn(current, request, ending, settings);
  const atMostBytes = sizeAfter(before, recorded);
  const kept = await applyRetention(recorded, retention, { ...context, maxStateBytes: limit, atMostBytes });
  if (kept.bytes <= limit) return kept;
  const failure = failureOf(stateTooLarge(kept.bytes, maxStateBytes));
  return refuseTurn(current, request, failure, settings, context, messagesOf(ending));
}

/** What was said and done in a turn. */
export function messagesOf(ending: TurnEnding): readonly ChatMessage[] {
  return ending.status === 'completed' ? ending.response.messages : ending.messages;
}

/** A bound on the size of a document with a turn more than the one it comes from, if that one's is known. */
function sizeAfter(before: StateDocument, recorded: StateDocument): number | undefined {
  const size = knownSize(before);
  if (size === undefined || hasTerminalRecords(before)) return undefined;
  const added = historyOf(recorded).slice(historyOf(before).length);
  return size + Buffer.byteLength(JSON.stringify(added)) + bookkeepingBytes;
}

/**
 * Records that a turn could not be kept: without what was said in it, and in short what its tools did. A document that
 * is beyond its limit already (it was lowered, or another runtime wrote it) gets the record too, as somebody waits for
 * it; there are only a few such records at a time, so that it does not grow on and on.
 */
export function refuseTurn(
  state: StateDocument,
  { correlationId, createdAt, orchestrationId }: RequestFacts,
  failure: AgentFailure,
  settings: KeepSettings,
  { agentName, now }: Pick<SettleContext, 'agentName' | 'now'>,
  messages: readonly ChatMessage[] = [],
): SettledTurn {
  const { maxStateBytes } = settings;
  const request = { correlationId, createdAt, orchestrationId, messages: [] };
  const ended = { status: 'failed' as const, createdAt: now.toISOString(), failure, authorName: agentName };
  const room = withFewerRefusals(state, maxStateBytes);
  const record = (work: ChatMessage[]) => recordTurn(room, request, { ...ended, messages: work }, settings);
  const left = maxStateBytes - stateBytes(room) - refusalBytes;
  const workBytes = Math.min(Math.max(left, leastWorkBytes), mostWorkBytes);
  const withWork = record(shortToolWork(messages, workBytes));
  const after = stateBytes(withWork) <= maxStateBytes ? withWork : record([]);
  return { state: after, failure, droppedExchanges: 0 };
}

function stateTooLarge(bytes: number, maxBytes: number): StateError {
  const message = `With this turn the session would have ${bytes} bytes, and ${maxBytes} are allowed.`;
  return new StateError('stateTooLarge', message, {
    fix: 'Raise maxStateBytes, keep less with another retention, keep the history outside, or reset the session.',
    details: { stateBytes: bytes, maxStateBytes: maxBytes },
  });
}

/** Refusals say little to a model, so the older ones may go even where everything is kept. */
function withFewerRefusals(state: StateDocument, maxStateBytes: number): StateDocument {
  const refused = partsOf(historyOf(state)).exchanges.filter(isRefusal);
  if (refused.length < maxRefusals) return state;
  const gone = refused.slice(0, refused.length - maxRefusals + 1);
  const entries = new Set(gone.flatMap((exchange) => exchange.entries));
  const conversationHistory = historyOf(state).filter((entry) => !entries.has(entry));
  return withReceiptsOf({ ...state, data: { ...state.data, conversationHistory } }, gone, maxStateBytes);
}

/** The record of a refused turn does not say what was asked. */
function isRefusal({ entries }: Exchange): boolean {
  const saysNothing = entries.every(({ $type, messages }) => $type !== 'request' || messages?.length === 0);
  return saysNothing && entries.some((entry) => isAnswer(entry) && recordedFailure(entry) !== undefined);
}

function withoutExchanges(state: StateDocument): StateDocument {
  const { summary, pinned } = partsOf(historyOf(state));
  const conversationHistory = summary === undefined ? [...pinned] : [summary, ...pinned];
  return { ...state, data: { ...state.data, conversationHistory } };
}

function unanswered({ createdAt }: RequestFacts): TurnEnding {
  return { status: 'completed', createdAt, response: { text: '', messages: [] } };
}
