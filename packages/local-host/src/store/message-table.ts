import type { Lane, Outgoing } from '../engine/instance.ts';
import { checksum } from './checksum.ts';
import { damaged } from './failures.ts';
import type { Statements } from './statements.ts';
import type { StoredMessage } from './store.ts';

/** Messages that wait to be handled. The table is only as large as what is unfinished. */
export class MessageTable {
  readonly #statements: Statements;
  readonly #folder: string;
  #nextId: number;

  constructor(statements: Statements, folder: string) {
    this.#statements = statements;
    this.#folder = folder;
    const row = statements.get('SELECT max(id) AS id FROM messages').get() as { id: number | null };
    this.#nextId = (row.id ?? 0) + 1;
  }

  add({ lane, target, due, tag, body }: Outgoing): StoredMessage {
    const id = this.#nextId++;
    this.#statements.run(
      'INSERT INTO messages (id, lane, target, due, tag, checksum, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      lane,
      target,
      due,
      tag,
      checksum(lane, target, due, tag, body),
      body,
    );
    return { id, lane, target, due, tag, body };
  }

  delete(id: number): void {
    this.#statements.run('DELETE FROM messages WHERE id = ?', id);
  }

  withdraw(target: string, tag: string): void {
    this.#statements.run('DELETE FROM messages WHERE target = ? AND tag = ?', target, tag);
  }

  deleteOfInstance(instanceId: string): void {
    this.#statements.run(
      "DELETE FROM messages WHERE target = ? AND lane = 'orchestration' AND tag IS NOT NULL",
      instanceId,
    );
  }

  countAttempt(id: number): void {
    this.#statements.run('UPDATE messages SET attempts = attempts + 1 WHERE id = ?', id);
  }

  /** @throws StoreError `damaged` */
  body(id: number): string | undefined {
    const row = this.#statements
      .get('SELECT id, lane, target, due, tag, attempts, checksum, body FROM messages WHERE id = ?')
      .get(id);
    return row === undefined ? undefined : this.#checked(row).body;
  }

  #checked(row: unknown): StoredMessage {
    const { checksum: sum, ...message } = row as StoredMessage & { checksum: number };
    const { lane, target, due, tag, body } = message;
    if (checksum(lane, target, due, tag, body) !== sum) {
      throw damaged(`Message ${message.id} for ${target} is damaged.`, this.#folder);
    }
    return message;
  }

  /** @throws StoreError `damaged` */
  *of(wanted: Lane): Iterable<StoredMessage> {
    const rows = this.#statements
      .get('SELECT id, lane, target, due, tag, attempts, checksum, body FROM messages WHERE lane = ? ORDER BY id')
      .all(wanted);
    for (const row of rows) yield this.#checked(row);
  }
}
