import { checksum } from './checksum.ts';
import { damaged } from './failures.ts';
import type { Statements } from './statements.ts';
import type { Commit } from './store.ts';
import { StoreError } from './store-error.ts';

const numberOf = '(SELECT number FROM instances WHERE instance_id = ?)';

/** Histories, one row for the events of one step, in the order in which steps were written. */
export class HistoryTable {
  readonly #statements: Statements;
  readonly #folder: string;

  constructor(statements: Statements, folder: string) {
    this.#statements = statements;
    this.#folder = folder;
  }

  /** @throws StoreError `outOfStep` if the events do not follow on what is stored, or the instance is unknown */
  add({ instanceId, replace, from, events }: NonNullable<Commit['history']>): void {
    if (replace) this.delete(instanceId);
    if (events.length === 0) return;
    const text = events.join('\n');
    if (events.some((event) => event.includes('\n')))
      throw new TypeError('An event must be JSON text without line breaks.');
    const added = this.#statements.run(
      'INSERT INTO history (instance, position, length, checksum, events) ' +
        'SELECT number, ?2, ?3, ?4, ?5 FROM instances WHERE instance_id = ?1 AND ?2 = coalesce(' +
        '(SELECT position + length FROM history WHERE instance = number ORDER BY position DESC LIMIT 1), 0)',
      instanceId,
      from,
      events.length,
      checksum(from, text),
      text,
    );
    if (added === 1) return;
    throw new StoreError(
      'outOfStep',
      `Events from position ${from} on do not follow on the stored history of instance ${instanceId}.`,
    );
  }

  delete(instanceId: string): void {
    this.#statements.run(`DELETE FROM history WHERE instance = ${numberOf}`, instanceId);
  }

  /** @throws StoreError `damaged` */
  of(instanceId: string): string[] {
    const rows = this.#statements
      .get(`SELECT position, length, checksum, events FROM history WHERE instance = ${numberOf} ORDER BY position`)
      .all(instanceId) as { position: number; length: number; checksum: number; events: string }[];
    const all: string[] = [];
    for (const { position, length, checksum: sum, events } of rows) {
      if (position !== all.length || checksum(position, events) !== sum) break;
      all.push(...events.split('\n'));
      if (all.length !== position + length) break;
    }
    const last = rows.at(-1);
    if (last !== undefined && all.length !== last.position + last.length) {
      throw damaged(`The history of instance ${instanceId} is damaged.`, this.#folder);
    }
    return all;
  }
}
