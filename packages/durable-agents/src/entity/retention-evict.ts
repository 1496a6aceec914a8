import { isAnswer, recordedFailure } from '../state/answer.ts';
import { extensionKey, historyOf, type StateDocument, type StoredEntry } from '../state/entity-state.ts';
import { type TurnReceipt, withReceipts } from '../state/receipts.ts';
import { isObject } from '../state/stored-fields.ts';
import { hasTerminalRecords } from '../state/terminal-records.ts';
import { type Exchange, type HistoryParts, partsOf, pinnedPart } from './retention-exchanges.ts';

/** Receipts take no more of a document than this part: a small one would be full of them in the end. */
const receiptShare = 1 / 8;

/** The history without its oldest exchanges; their system messages stay. A new summary replaces the old one. */
export function historyWithout({ summary, pinned, exchanges }: HistoryParts, count: number, newSummary?: StoredEntry) {
  const first = newSummary ?? summary;
  return [
    ...(first === undefined ? [] : [first]),
    ...pinned,
    ...exchanges.slice(0, count).flatMap(({ entries }) => pinnedPart(entries)),
    ...exchanges.slice(count).flatMap(({ entries }) => entries),
  ];
}

/**
 * A document without its oldest exchanges, and without what a compaction has replaced. That those turns have ended, and
 * how, stays known.
 */
export function evict(
  state: StateDocument,
  count: number,
  { now, maxStateBytes }: { now: Date; maxStateBytes: number },
  summaryText?: string,
): StateDocument {
  const parts = partsOf(historyOf(state));
  const gone = [...parts.replaced, ...parts.exchanges.slice(0, count)];
  if (gone.length === 0) return state;
  const summary = summaryText === undefined ? undefined : summaryEntry(state, summaryText, now);
  const conversationHistory = historyWithout(parts, count, summary);
  const data = { ...state.data, conversationHistory, ...truncation(state, gone, now) };
  const after = { ...state, data };
  return withReceiptsOf(after, gone, maxStateBytes);
}

/**
 * Since 1.2 there is an entry for this; it has no correlation id. Readers of 1.1 take a request that nobody answered,
 * with a system message in it, and send it to the model as they should.
 */
function summaryEntry(state: StateDocument, text: string, now: Date): StoredEntry {
  const createdAt = now.toISOString();
  const messages = [{ role: 'system', createdAt, contents: [{ $type: 'text', text }] }];
  const extensionData = { [extensionKey]: { summary: true } };
  return { $type: hasCompaction(state) ? 'compaction' : 'request', createdAt, messages, extensionData };
}

/** The field in which documents since 1.2 say that something has gone. */
function truncation(state: StateDocument, gone: readonly Exchange[], now: Date): object {
  if (!hasCompaction(state)) return {};
  const before = isObject(state.data.truncation) ? state.data.truncation : {};
  const { evictedMessageCount = 0, firstEvictedAt = now.toISOString(), ...others } = before;
  const evicted = gone
    .flatMap(({ entries }) => entries)
    .reduce((sum, { messages }) => sum + (messages?.length ?? 0), 0);
  const count = (typeof evictedMessageCount === 'number' ? evictedMessageCount : 0) + evicted;
  if (count === 0) return {};
  return { truncation: { ...others, evictedMessageCount: count, firstEvictedAt, lastEvictedAt: now.toISOString() } };
}

function hasCompaction({ schemaVersion }: StateDocument): boolean {
  return !schemaVersion.startsWith('1.0.') && !schemaVersion.startsWith('1.1.');
}

/** A document that remembers how the turns of exchanges ended which it no longer has. */
export function withReceiptsOf(state: StateDocument, gone: readonly Exchange[], maxStateBytes: number): StateDocument {
  if (hasTerminalRecords(state)) return state;
  return withReceipts(state, gone.flatMap(receiptsOf), maxStateBytes * receiptShare);
}

function receiptsOf({ entries }: Exchange): TurnReceipt[] {
  return entries.flatMap((entry) => {
    if (!isAnswer(entry) || typeof entry.correlationId !== 'string') return [];
    const { correlationId } = entry;
    const outcome = recordedFailure(entry) === undefined ? ('succeeded' as const) : ('failed' as const);
    return [{ correlationId, outcome, completedAt: entry.createdAt ?? '' } satisfies TurnReceipt];
  });
}
