import type { Instance } from '../engine/instance.ts';
import { checksum } from './checksum.ts';
import { damaged } from './failures.ts';
import { instanceListing } from './instance-listing.ts';
import type { Statements } from './statements.ts';
import type { InstanceQuery } from './store.ts';

/** The records of orchestrations. */
export class InstanceTable {
  readonly #statements: Statements;
  readonly #folder: string;

  constructor(statements: Statements, folder: string) {
    this.#statements = statements;
    this.#folder = folder;
  }

  put(instance: Instance): void {
    const { instanceId, status, createdAt } = instance;
    const document = JSON.stringify(instance);
    const sum = checksum(instanceId, document);
    // Most steps leave the status as it is; they then have no index to change.
    const changed = this.#statements.run(
      'UPDATE instances SET checksum = ?, document = ? WHERE instance_id = ? AND status = ? AND created_at = ?',
      sum,
      document,
      instanceId,
      status,
      createdAt,
    );
    if (changed > 0) return;
    this.#statements.run(
      'INSERT INTO instances (instance_id, status, created_at, checksum, document) VALUES (?, ?, ?, ?, ?) ' +
        'ON CONFLICT (instance_id) DO UPDATE SET status = excluded.status, created_at = excluded.created_at, ' +
        'checksum = excluded.checksum, document = excluded.document',
      instanceId,
      status,
      createdAt,
      sum,
      document,
    );
  }

  delete(instanceId: string): void {
    this.#statements.run('DELETE FROM instances WHERE instance_id = ?', instanceId);
  }

  /** @throws StoreError `damaged` */
  get(instanceId: string): Instance | undefined {
    const row = this.#statements
      .get('SELECT instance_id, checksum, document FROM instances WHERE instance_id = ?')
      .get(instanceId);
    return row === undefined ? undefined : this.#read(row);
  }

  /** In the order of ids. @throws StoreError `damaged` */
  list(query: InstanceQuery): Instance[] {
    const { sql, values } = instanceListing(query);
    return this.#statements
      .get(sql)
      .all(...values)
      .map((row) => this.#read(row));
  }

  #read(row: Record<string, unknown>): Instance {
    const {
      instance_id: id,
      checksum: sum,
      document,
    } = row as { instance_id: string; checksum: number; document: string };
    if (checksum(id, document) === sum) return JSON.parse(document) as Instance;
    throw damaged(`The record of instance ${id} is damaged.`, this.#folder);
  }
}
