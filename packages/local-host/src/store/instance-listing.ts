import type { RuntimeStatus } from '../engine/instance.ts';
import { idRange } from './id-range.ts';
import type { SqlValue } from './statements.ts';
import type { InstanceQuery } from './store.ts';

const known: readonly RuntimeStatus[] = ['Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated'];

/**
 * The query that finds a page of instances in the order of their ids without going through all of them: by status it
 * merges the ranges of the status index, by time it looks at the instances of that time, else it walks the ids.
 */
export function instanceListing(query: InstanceQuery): { sql: string; values: SqlValue[] } {
  const { statuses = [], idPrefix, after, createdFrom, createdTo, limit } = query;
  const { where, values } = idRange('instance_id', {
    ...(idPrefix !== undefined && { prefix: idPrefix }),
    ...(after !== undefined && { after }),
  });
  const timed = createdFrom !== undefined || createdTo !== undefined;
  if (timed) {
    where.push('created_at BETWEEN ? AND ?');
    values.push(createdFrom ?? 0, createdTo ?? Number.MAX_SAFE_INTEGER);
  }
  const condition = where.join(' AND ');
  if (statuses.length > 0) {
    const distinct = known.filter((status) => statuses.includes(status));
    if (distinct.length === 0) return { sql: page('SELECT NULL WHERE false'), values: [] };
    const parts = distinct.map(
      () => `SELECT instance_id FROM instances INDEXED BY instances_by_status WHERE status = ? AND ${condition}`,
    );
    return {
      sql: page(`${parts.join(' UNION ALL ')} ORDER BY instance_id LIMIT ?`),
      values: [...distinct.flatMap((status) => [status, ...values]), limit],
    };
  }
  const index = timed && idPrefix === undefined ? 'INDEXED BY instances_by_time' : '';
  return {
    sql: page(`SELECT instance_id FROM instances ${index} WHERE ${condition} ORDER BY instance_id LIMIT ?`),
    values: [...values, limit],
  };
}

/** Reads whole records only of what the page shows. */
function page(ids: string): string {
  return `SELECT instance_id, checksum, document FROM instances WHERE instance_id IN (${ids}) ORDER BY instance_id`;
}
