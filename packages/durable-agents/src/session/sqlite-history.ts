import type { AgentSessionId } from '../ids.ts';
import type { HistoryProvider, StoredTurn } from './history-provider.ts';
import { readStoredTurn, writeStoredTurn } from './stored-turn-json.ts';

/** What is used of a SQLite database: `new DatabaseSync(file)` of `node:sqlite` has it. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): {
    all(...values: (string | number)[]): unknown[];
    run(...values: (string | number)[]): unknown;
  };
}

type Statement = ReturnType<SqliteDatabase['prepare']>;

/** Keeps histories in a table of a SQLite database, which is made if it is not there. For one process at a time. */
export class SqliteHistory implements HistoryProvider {
  readonly key: string;
  readonly #select: Statement;
  readonly #insert: Statement;
  readonly #delete: Statement;

  /** @param key stable name of the store; a session is bound to it. */
  constructor(database: SqliteDatabase, key = 'sqlite') {
    this.key = key;
    database.exec(
      'CREATE TABLE IF NOT EXISTS agent_turns (session TEXT NOT NULL, sequence INTEGER NOT NULL, turn TEXT NOT NULL,' +
        ' PRIMARY KEY (session, sequence)) WITHOUT ROWID',
    );
    this.#select = database.prepare(
      'SELECT turn FROM agent_turns WHERE session = ? AND sequence >= ? AND sequence < ? ORDER BY sequence',
    );
    this.#insert = database.prepare('INSERT OR REPLACE INTO agent_turns (session, sequence, turn) VALUES (?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM agent_turns WHERE session = ?');
  }

  /** @throws StateError `invalidHistory` */
  async load(sessionId: AgentSessionId, from: number, to: number): Promise<StoredTurn[]> {
    return this.#select.all(sessionId, from, to).map((row) => readStoredTurn((row as { turn: string }).turn));
  }

  async append(sessionId: AgentSessionId, turn: StoredTurn): Promise<void> {
    this.#insert.run(sessionId, turn.sequence, writeStoredTurn(turn));
  }

  async delete(sessionId: AgentSessionId): Promise<void> {
    this.#delete.run(sessionId);
  }
}
