import { StateError } from '../errors.ts';
import type { StateDocument } from '../state/entity-state.ts';
import { ownData, withOwnData } from '../state/own-data.ts';
import { isObject } from '../state/stored-fields.ts';
import { hasTerminalRecords } from '../state/terminal-records.ts';
import type { HistoryProvider } from './history-provider.ts';

/*
 * Where the conversation of a session is kept is decided by its first turn and stays. It is among our own facts, as
 * `history: {providerKey, turns}`, and, in documents of schema 2, in their field for it.
 */

export interface HistoryBinding {
  providerKey: string;
  /** How many turns the store has that count. */
  turns: number;
}

/**
 * The binding of a session to a store, if it has one.
 *
 * @throws StateError `historyProviderChanged` if the app now has another store, or none; nothing has been called.
 */
export function checkBinding(
  state: StateDocument,
  provider: Pick<HistoryProvider, 'key'> | undefined,
): HistoryBinding | undefined {
  const bound = readBinding(state);
  const key = bound?.providerKey ?? foreignOwner(state);
  if (key === undefined || key === provider?.key) return bound;
  const now = provider === undefined ? 'the app has no history provider' : `the app's is "${provider.key}"`;
  throw new StateError('historyProviderChanged', `The conversation of this session is kept in "${key}", and ${now}.`, {
    fix: 'Give the agent the provider that the session began with, or reset the session. Nothing was changed.',
  });
}

export function withBinding(state: StateDocument, binding: HistoryBinding): StateDocument {
  const bound = withOwnData(state, { history: { ...binding } });
  if (!hasTerminalRecords(state)) return bound;
  const before = isObject(state.data.historyBinding) ? state.data.historyBinding : {};
  const historyBinding = { ...before, version: 1, ownerKind: 'historyProvider', providerKey: binding.providerKey };
  return { ...bound, data: { ...bound.data, historyBinding } };
}

function readBinding(state: StateDocument): HistoryBinding | undefined {
  const { history } = ownData(state);
  if (!isObject(history)) return undefined;
  const { providerKey, turns } = history;
  if (typeof providerKey === 'string' && Number.isSafeInteger(turns)) return { providerKey, turns: turns as number };
  throw new StateError('invalidState', 'In the bookkeeping of the session, history is not {providerKey, turns}.', {
    fix: 'Restore the state from a backup, or reset the session. Nothing was changed.',
  });
}

/** A document of schema 2 that another runtime has bound; we could not count its turns, so any binding is another's. */
function foreignOwner(state: StateDocument): string | undefined {
  const binding = hasTerminalRecords(state) ? state.data.historyBinding : undefined;
  if (!isObject(binding) || binding.ownerKind !== 'historyProvider') return undefined;
  return `${typeof binding.providerKey === 'string' ? binding.providerKey : 'an unnamed store'} of another runtime`;
}
