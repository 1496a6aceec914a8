import { StateError } from '../errors.ts';
import type { AgentSessionId } from '../ids.ts';
import { checkBinding, withBinding } from '../session/history-binding.ts';
import type { HistoryProvider, StoredTurn } from '../session/history-provider.ts';
import { findAnswer, resultUnavailable } from '../state/answer.ts';
import { historyOf, type StateDocument, type StoredEntry } from '../state/entity-state.ts';
import type { TurnEnding } from '../state/record-turn.ts';
import type { RequestFacts } from '../state/turn-entries.ts';
import { keepLast } from './retention.ts';
import { partsOf } from './retention-exchanges.ts';
import { type KeepSettings, type SettleContext, type SettledTurn, settleTurn } from './retention-settle.ts';

/** Keeps the conversations of an agent outside of its sessions. */
export interface ExternalHistory {
  provider: HistoryProvider;
  /** How many of the last turns are read for a run. Default: 200. */
  loadTurns?: number | undefined;
  /** How many of the last turns also stay in the session, for readers of its state. Default: 2. */
  keepTurns?: number | undefined;
}

/**
 * The document with its conversation as far as a run may see it, read from the store. Only for reading: what is
 * written goes on from the document itself.
 *
 * @throws StateError `historyProviderChanged`, `historyMissing`, `invalidHistory`
 */
export async function loadHistory(
  state: StateDocument,
  { provider, loadTurns = 200 }: ExternalHistory,
  sessionId: AgentSessionId,
): Promise<StateDocument> {
  const binding = checkBinding(state, provider);
  if (binding === undefined || binding.turns === 0) return state;
  const from = Math.max(0, binding.turns - loadTurns);
  const loaded = await provider.load(sessionId, from, binding.turns);
  // A turn beyond the last one that counts was never committed.
  const turns = loaded.filter(({ sequence }) => sequence >= from && sequence < binding.turns);
  turns.sort((a, b) => a.sequence - b.sequence);
  if (new Set(turns.map(({ sequence }) => sequence)).size < binding.turns - from) throw missing(provider);
  const ids = new Set(turns.map(({ correlationId }) => correlationId));
  const only = historyOf(state).filter(
    ({ correlationId }) => typeof correlationId !== 'string' || !ids.has(correlationId),
  );
  return {
    ...state,
    data: { ...state.data, conversationHistory: [...only, ...turns.flatMap(({ entries }) => entries)] },
  };
}

/**
 * The document in which a turn is to be looked up: as it is, or, if it only knows that the turn has ended, with the
 * conversation that is kept outside.
 *
 * @throws StateError as `loadHistory`
 */
export async function stateWithTurn(
  state: StateDocument,
  correlationId: string,
  history: ExternalHistory | undefined,
  sessionId: AgentSessionId,
): Promise<StateDocument> {
  if (history === undefined) return state;
  const answer = findAnswer(state, correlationId);
  const isGone = answer?.status === 'failed' && answer.error.code === resultUnavailable;
  return isGone ? loadHistory(state, history, sessionId) : state;
}

/**
 * Like `settleTurn`, for a session whose conversation is kept outside: the turn is written to the store, and the
 * document keeps the last ones and how many there are. A session that has begun without the store moves there.
 */
export async function settleExternalTurn(
  before: StateDocument,
  request: RequestFacts,
  ending: TurnEnding,
  settings: Omit<KeepSettings, 'retention'> & { history: ExternalHistory },
  context: SettleContext & { sessionId: AgentSessionId },
): Promise<SettledTurn> {
  const { provider, keepTurns = 2 } = settings.history;
  const { sessionId } = context;
  const turns = checkBinding(before, provider)?.turns ?? (await moveIn(before, provider, sessionId));
  const settled = await settleTurn(before, request, ending, { ...settings, retention: keepLast(keepTurns) }, context);
  const turn = turnOf(historyOf(settled.state), request.correlationId, turns);
  if (turn === undefined) return settled;
  await provider.append(sessionId, turn);
  return { ...settled, state: withBinding(settled.state, { providerKey: provider.key, turns: turns + 1 }) };
}

/** Gives the store what the session has said before; the number of turns. Done again, it does the same. */
async function moveIn(state: StateDocument, provider: HistoryProvider, sessionId: AgentSessionId): Promise<number> {
  const { exchanges } = partsOf(historyOf(state));
  for (const [sequence, { entries }] of exchanges.entries()) {
    const correlationId = entries.find((entry) => typeof entry.correlationId === 'string')?.correlationId ?? '';
    await provider.append(sessionId, { sequence, correlationId, entries });
  }
  return exchanges.length;
}

function turnOf(history: readonly StoredEntry[], correlationId: string, sequence: number): StoredTurn | undefined {
  const entries = history.filter((entry) => entry.correlationId === correlationId);
  return entries.length === 0 ? undefined : { sequence, correlationId, entries };
}

function missing({ key }: HistoryProvider): StateError {
  return new StateError('historyMissing', `Turns of this session are missing in the history store "${key}".`, {
    fix: 'Restore the store from a backup, or reset the session. Nothing was changed.',
  });
}
