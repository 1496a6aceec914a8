import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What the two servers have stored for one orchestration: whether the floor is as heavy as it has to be. */
export function compareRows(floorFolder: string, hostFolder: string): string {
  const parts = ['sequence', 'fanOut'].map((name) => {
    const [floor, host] = [stored(floorFolder, name), stored(hostFolder, name)];
    return `${name} ${host.rows} rows, ${host.bytes} bytes (floor ${floor.rows} rows, ${floor.bytes} bytes)`;
  });
  return `stored of one: ${parts.join('; ')}`;
}

function stored(folder: string, name: string): { rows: number; bytes: number } {
  const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  try {
    const found = db
      .prepare(
        'SELECT count(*) AS rows, sum(length(h.event)) + length(i.document) AS bytes FROM history h ' +
          'JOIN instances i USING (instance_id) WHERE i.instance_id = (SELECT instance_id FROM instances ' +
          "WHERE document ->> '$.name' = ? AND status = 'Completed' LIMIT 1)",
      )
      .get(name) as { rows: number; bytes: number };
    return found;
  } finally {
    db.close();
  }
}
