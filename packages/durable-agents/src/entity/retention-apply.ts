import type { Usage } from '../agent/content.ts';
import type { ChatMessage } from '../agent/message.ts';
import { DurableAgentError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { historyOf, type StateDocument } from '../state/entity-state.ts';
import { conversationOf } from '../state/history.ts';
import type { RetentionPolicy, SummaryContext } from './retention.ts';
import { evict, historyWithout } from './retention-evict.ts';
import { type HistoryParts, partsOf } from './retention-exchanges.ts';

/** Above this part of the limit, the oldest exchanges go until the document is under the other one. */
const highMark = 0.85;
const lowMark = 0.7;

export interface RetentionContext extends SummaryContext {
  /** Largest stored document, in bytes. */
  maxStateBytes: number;
  /** The document's size, where it is known not to be more. Default: it is measured. */
  atMostBytes?: number | undefined;
  now: Date;
  log: Logger;
}

export interface RetentionOutcome {
  state: StateDocument;
  /** The document's size in bytes; not less than it is. */
  bytes: number;
  droppedExchanges: number;
  /** What the summary has cost. */
  usage?: Usage | undefined;
}

/** Size of a document as it is stored, in bytes. */
export function stateBytes(state: StateDocument): number {
  return Buffer.byteLength(JSON.stringify(state));
}

/** What a model is shown: less than what is kept, if the policy says so. The document itself stays as it is. */
export function visibleState(state: StateDocument, context: RetentionPolicy): StateDocument {
  const parts = partsOf(historyOf(state));
  const count = policyCount(context, parts);
  return count === 0 ? state : withHistory(state, historyWithout(parts, count));
}

/** Lets go of what the policy no longer keeps, and, if it yields to the limit, of as much more as has to go. */
export async function applyRetention(
  state: StateDocument,
  policy: RetentionPolicy,
  context: RetentionContext,
): Promise<RetentionOutcome> {
  const parts = partsOf(historyOf(state));
  const bytes = sizeOf(state, context);
  const byPolicy = policyCount(policy, parts);
  const byLimit = policy.yieldsToLimit ? limitCount(parts, bytes, context.maxStateBytes) : undefined;
  if (byPolicy === 0 && byLimit === undefined) return { state, bytes, droppedExchanges: 0 };
  const count = Math.max(byPolicy, byLimit ?? 0);
  if (policy.summarize === undefined || count === 0) return dropped(evict(state, count, context), count);
  try {
    const { text, usage } = await policy.summarize(goneConversation(state, parts, count), context);
    const summed = dropped(evict(state, count, context, text), count);
    return { ...summed, usage };
  } catch (error) {
    context.log.warn('Older parts of a session could not be summed up.', {
      // Not the provider's words: they may quote the conversation.
      code: DurableAgentError.is(error) ? error.code : 'failed',
      exchanges: count,
    });
    // Without a summary nothing should go that need not.
    return byLimit === undefined
      ? { state, bytes, droppedExchanges: 0 }
      : dropped(evict(state, byLimit, context), byLimit);
  }
}

/** Measuring means to write the whole document, so it is done only where the limit is near. */
function sizeOf(state: StateDocument, { atMostBytes, maxStateBytes }: RetentionContext): number {
  return atMostBytes !== undefined && atMostBytes <= maxStateBytes * highMark ? atMostBytes : stateBytes(state);
}

function dropped(state: StateDocument, droppedExchanges: number): RetentionOutcome {
  return { state, bytes: stateBytes(state), droppedExchanges };
}

/** The newest exchange always stays. */
function policyCount(policy: RetentionPolicy, { exchanges }: HistoryParts): number {
  return Math.max(0, Math.min(policy.drop(exchanges), exchanges.length - 1));
}

/** How many have to go so that the document fits with room to spare; `undefined` while it is small enough. */
function limitCount({ replaced, exchanges }: HistoryParts, bytes: number, maxBytes: number): number | undefined {
  if (bytes <= maxBytes * highMark) return undefined;
  let left = replaced.reduce((sum, exchange) => sum - exchange.bytes, bytes);
  let count = 0;
  while (left > maxBytes * lowMark && count < exchanges.length - 1) {
    left -= exchanges[count]?.bytes ?? 0;
    count++;
  }
  return count;
}

/** What is about to go, with the summary of what went before. */
function goneConversation(state: StateDocument, { summary, exchanges }: HistoryParts, count: number): ChatMessage[] {
  const entries = exchanges.slice(0, count).flatMap((exchange) => exchange.entries);
  return conversationOf(withHistory(state, summary === undefined ? entries : [summary, ...entries]));
}

function withHistory(
  state: StateDocument,
  conversationHistory: NonNullable<StateDocument['data']['conversationHistory']>,
) {
  return { ...state, data: { ...state.data, conversationHistory } };
}
