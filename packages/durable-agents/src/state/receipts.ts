import type { JsonValue } from '../json.ts';
import type { StateDocument } from './entity-state.ts';
import { ownData, withOwnData } from './own-data.ts';
import type { TerminalOutcome } from './terminal-records.ts';

/** How many receipts are kept at most: the latest. */
const maxReceipts = 1_000;

/** That a turn has ended, for one that is no longer in the history. */
export interface TurnReceipt {
  correlationId: string;
  outcome: TerminalOutcome;
  /** RFC 3339 time. */
  completedAt: string;
}

/*
 * Documents of schema 1 have no place for receipts, so they are among our own facts, each as short as it can be:
 * `[correlation id, 1 for success or 0, milliseconds since 1970]`.
 */

/** The receipt of a turn that has left the history. */
export function findReceipt(state: StateDocument, correlationId: string): TurnReceipt | undefined {
  const stored = receiptsOf(state).findLast((receipt) => Array.isArray(receipt) && receipt[0] === correlationId);
  return stored === undefined ? undefined : readReceipt(stored as JsonValue[]);
}

/** A document with more receipts; beyond 1,000, or `maxBytes` for all of them, the oldest go. */
export function withReceipts(
  state: StateDocument,
  added: readonly TurnReceipt[],
  maxBytes = Number.POSITIVE_INFINITY,
): StateDocument {
  if (added.length === 0) return state;
  const receipts = [...receiptsOf(state), ...added.map(writeReceipt)].slice(-maxReceipts);
  let bytes = 0;
  const tooMany = receipts.findLastIndex((receipt) => {
    bytes += Buffer.byteLength(JSON.stringify(receipt)) + 1;
    return bytes > maxBytes;
  });
  return withOwnData(state, { receipts: receipts.slice(tooMany + 1) });
}

function receiptsOf(state: StateDocument): readonly JsonValue[] {
  const { receipts } = ownData(state);
  return Array.isArray(receipts) ? receipts : [];
}

function writeReceipt({ correlationId, outcome, completedAt }: TurnReceipt): JsonValue {
  const time = Date.parse(completedAt);
  return [correlationId, outcome === 'succeeded' ? 1 : 0, Number.isNaN(time) ? 0 : time];
}

function readReceipt([correlationId, succeeded, time]: JsonValue[]): TurnReceipt {
  return {
    correlationId: String(correlationId),
    outcome: succeeded === 1 ? 'succeeded' : 'failed',
    completedAt: new Date(typeof time === 'number' ? time : 0).toISOString(),
  };
}
