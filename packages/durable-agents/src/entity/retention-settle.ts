import type { Usage } from '../agent/content.ts';
import { ConfigurationError } from '../errors.ts';
import { type AgentFailure, isAnswer, recordedFailure } from '../state/answer.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { knownSize } from '../state/known-size.ts';
import { expireResults, type RecordOptions, recordTurn, type TurnEnding } from '../state/record-turn.ts';
import { hasTerminalRecords } from '../state/terminal-records.ts';
import type { RequestFacts } from '../state/turn-entries.ts';
import type { RetentionPolicy } from './retention.ts';
import { applyRetention, type RetentionContext, stateBytes } from './retention-apply.ts';
import { type Exchange, partsOf } from './retention-exchanges.ts';

/** How much of a session is kept. */
export interface KeepSettings extends RecordOptions {
  /** Largest stored document, in bytes. */
  maxStateBytes: number;
  retention: RetentionPolicy;
}

/** Bytes that are kept free for the record of a turn that does not fit. */
const reserveBytes = 16_384;
const stateTooLargeCode = 'stateTooLarge';
const smallestLimit = 65_536;

/** By how much more than its new turn a document can have grown since it was read: deadline and bookkeeping. */
const bookkeepingBytes = 8_192;

/** How many records of turns that did not fit are kept. */
const maxRefusals = 8;

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
): AgentFailure | undefined {
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
  return refuseTurn(current, request, stateTooLarge(kept.bytes, maxStateBytes), settings, context);
}

/** A bound on the size of a document with a turn more than the one it comes from, if that one's is known. */
function sizeAfter(before: StateDocument, recorded: StateDocument): number | undefined {
  const size = knownSize(before);
  if (size === undefined || hasTerminalRecords(before)) return undefined;
  const added = historyOf(recorded).slice(historyOf(before).length);
  return size + Buffer.byteLength(JSON.stringify(added)) + bookkeepingBytes;
}

/** Records that a turn did not fit, without what was said in it. */
export function refuseTurn(
  state: StateDocument,
  { correlationId, createdAt, orchestrationId }: RequestFacts,
  failure: AgentFailure,
  settings: KeepSettings,
  { agentName, now }: Pick<SettleContext, 'agentName' | 'now'>,
): SettledTurn {
  const request = { correlationId, createdAt, orchestrationId, messages: [] };
  const endedAt = now.toISOString();
  const ending: TurnEnding = { status: 'failed', createdAt: endedAt, failure, messages: [], authorName: agentName };
  const after = recordTurn(withFewerRefusals(state), request, ending, settings);
  // A document that is beyond its limit already (it was lowered, or another runtime wrote it) is left as it is.
  const fits = stateBytes(after) <= Math.max(settings.maxStateBytes, stateBytes(state));
  return { state: fits ? after : state, failure, droppedExchanges: 0 };
}

function stateTooLarge(bytes: number, maxBytes: number): AgentFailure {
  return {
    code: stateTooLargeCode,
    message: `With this turn the session would have ${bytes} bytes, and ${maxBytes} are allowed.`,
    details: { stateBytes: bytes, maxStateBytes: maxBytes },
    retryable: false,
  };
}

/** Refusals say nothing to a model, so the older ones may go even where everything is kept. */
function withFewerRefusals(state: StateDocument): StateDocument {
  const refused = partsOf(historyOf(state)).exchanges.filter(isRefusal);
  if (refused.length < maxRefusals) return state;
  const gone = new Set(refused.slice(0, refused.length - maxRefusals + 1).flatMap(({ entries }) => entries));
  const conversationHistory = historyOf(state).filter((entry) => !gone.has(entry));
  return { ...state, data: { ...state.data, conversationHistory } };
}

function isRefusal({ entries }: Exchange): boolean {
  return entries.some((entry) => isAnswer(entry) && recordedFailure(entry)?.code === stateTooLargeCode);
}

function withoutExchanges(state: StateDocument): StateDocument {
  const { summary, pinned } = partsOf(historyOf(state));
  const conversationHistory = summary === undefined ? [...pinned] : [summary, ...pinned];
  return { ...state, data: { ...state.data, conversationHistory } };
}

function unanswered({ createdAt }: RequestFacts): TurnEnding {
  return { status: 'completed', createdAt, response: { text: '', messages: [] } };
}
