import type { AgentSessionId } from '../ids.ts';
import type { HistoryProvider, StoredTurn } from './history-provider.ts';
import { readStoredTurn, writeStoredTurn } from './stored-turn-json.ts';

/** Keeps histories in the memory of this process, for tests. They are gone when it ends. */
export class MemoryHistory implements HistoryProvider {
  readonly key = 'memory';
  readonly #sessions = new Map<AgentSessionId, Map<number, string>>();

  async load(sessionId: AgentSessionId, from: number, to: number): Promise<StoredTurn[]> {
    const turns = [...(this.#sessions.get(sessionId) ?? [])];
    return turns.filter(([sequence]) => sequence >= from && sequence < to).map(([, text]) => readStoredTurn(text));
  }

  async append(sessionId: AgentSessionId, turn: StoredTurn): Promise<void> {
    const turns = this.#sessions.get(sessionId) ?? new Map<number, string>();
    this.#sessions.set(sessionId, turns.set(turn.sequence, writeStoredTurn(turn)));
  }

  async delete(sessionId: AgentSessionId): Promise<void> {
    this.#sessions.delete(sessionId);
  }
}
