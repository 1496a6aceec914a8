import { emptyState, type FreshVersion, type StateDocument } from './entity-state.ts';
import { ownData, withOwnData } from './own-data.ts';
import { dropResults } from './record-turn.ts';
import { hasTerminalRecords } from './terminal-records.ts';

/**
 * A document whose conversation has been cleared. Version, deadline and what is known of running and waiting turns
 * stay. A document of schema 2 keeps its receipts, so that no answered turn is run again, but no result.
 */
export function resetState(state: StateDocument, now: Date): StateDocument {
  if (hasTerminalRecords(state)) {
    const cleared = dropResults(state, () => true, now);
    const { session: _, truncation: __, historyBinding: ___, ...data } = cleared.data;
    return withOwnData({ ...cleared, data: { ...data, conversationHistory: [] } }, { history: undefined });
  }
  const { schemaVersion } = state;
  const { expirationTimeUtc } = state.data;
  const data = { conversationHistory: [], ...(expirationTimeUtc !== undefined && { expirationTimeUtc }) };
  const { receipts: _, history: __, ...own } = ownData(state);
  return withOwnData({ schemaVersion, data }, own);
}

/** The document of a session that begins again after its deadline. Only what concerns running work stays. */
export function restartState(state: StateDocument, freshVersion?: FreshVersion): StateDocument {
  const { receipts: _, history: __, ...own } = ownData(state);
  return withOwnData(emptyState(freshVersion), own);
}
