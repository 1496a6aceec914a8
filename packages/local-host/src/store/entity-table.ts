import type { Entity } from '../engine/entity.ts';
import { checksum } from './checksum.ts';
import { damaged } from './failures.ts';
import { idRange } from './id-range.ts';
import type { Statements } from './statements.ts';
import { StoreError } from './store-error.ts';

interface Row {
  id: string;
  last_operation_at: number;
  present: number;
  state: string | null;
  lock: string | null;
  checksum: number;
}

const select = 'SELECT id, last_operation_at, present, state, lock, checksum FROM entities';

/** Entities that have a state or are locked. */
export class EntityTable {
  readonly #statements: Statements;
  readonly #folder: string;

  constructor(statements: Statements, folder: string) {
    this.#statements = statements;
    this.#folder = folder;
  }

  put({ id, exists, state, lastOperationAt, lock }: Entity): void {
    if (!exists && lock === null) {
      this.#statements.run('DELETE FROM entities WHERE id = ?', id);
      return;
    }
    const present = exists ? 1 : 0;
    const lockText = lock === null ? null : JSON.stringify(lock);
    this.#statements.run(
      'INSERT INTO entities (id, last_operation_at, present, state, lock, checksum) VALUES (?, ?, ?, ?, ?, ?) ' +
        'ON CONFLICT (id) DO UPDATE SET last_operation_at = excluded.last_operation_at, present = excluded.present, ' +
        'state = excluded.state, lock = excluded.lock, checksum = excluded.checksum',
      id,
      lastOperationAt,
      present,
      state,
      lockText,
      checksum(id, lastOperationAt, present, state, lockText),
    );
  }

  /** @throws StoreError `damaged` */
  get(id: string): Entity | undefined {
    const row = this.#statements.get(`${select} WHERE id = ?`).get(id);
    return row === undefined ? undefined : this.#read(row);
  }

  /** Entities with a state, in the order of ids. @throws StoreError `damaged` */
  list(query: { name?: string; after?: string; limit: number }): Entity[] {
    const prefix = query.name === undefined ? '@' : `@${query.name.toLowerCase()}@`;
    const { where, values } = idRange('id', { prefix, ...(query.after !== undefined && { after: query.after }) });
    return this.#statements
      .get(`${select} WHERE present = 1 AND ${where.join(' AND ')} ORDER BY id LIMIT ?`)
      .all(...values, query.limit)
      .map((row) => this.#readOrName(row));
  }

  /** One damaged record must not hide all others: a list shows that it is there, and reading it says what it is. */
  #readOrName(row: Record<string, unknown>): Entity {
    try {
      return this.#read(row);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'damaged') throw error;
      const { id, last_operation_at: lastOperationAt } = row as unknown as Row;
      return { id, state: null, exists: true, lastOperationAt, lock: null };
    }
  }

  #read(row: Record<string, unknown>): Entity {
    const { id, last_operation_at: at, present, state, lock, checksum: sum } = row as unknown as Row;
    if (checksum(id, at, present, state, lock) !== sum) {
      throw damaged(`The state of entity ${id} is damaged.`, this.#folder);
    }
    return {
      id,
      state,
      exists: present === 1,
      lastOperationAt: at,
      lock: lock === null ? null : (JSON.parse(lock) as Entity['lock']),
    };
  }
}
