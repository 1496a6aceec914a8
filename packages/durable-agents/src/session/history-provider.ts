import type { AgentSessionId } from '../ids.ts';
import type { StoredEntry } from '../state/entity-state.ts';

/** One finished turn of a session, as it is stored. */
export interface StoredTurn {
  /** Its place in the session, from 0. */
  sequence: number;
  correlationId: string;
  /** What was asked and what was answered, in the stored form. Plain JSON; may hold numbers only lossless JSON keeps. */
  entries: readonly StoredEntry[];
}

/**
 * Keeps the conversations of sessions outside of their entities: in Redis, a table, a database of your own. A turn is
 * written before the entity commits it, so it may be written again, or be written and never be committed: readers are
 * told which turns count.
 */
export interface HistoryProvider {
  /** Stable name of the store. A session keeps to the store it began with; another name is refused. */
  readonly key: string;
  /** The turns from `from` up to, but without, `to`; in any order. Turns that are not there are left out. */
  load(sessionId: AgentSessionId, from: number, to: number): Promise<StoredTurn[]>;
  /** Writes a turn. One with the same sequence is replaced. Resolves when it is safe. */
  append(sessionId: AgentSessionId, turn: StoredTurn): Promise<void>;
  /** Removes all turns of a session. There may be none. */
  delete(sessionId: AgentSessionId): Promise<void>;
}
