import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What the two servers have stored for one orchestration: whether the floor is as heavy as it has to be. */
export function compareRows(floorFolder: string, hostFolder: string): string {
  const parts = ['sequence', 'fanOut'].map((name) => {
    const [floor, host] = [stored(floorFolder, name), stored(hostFolder, name)];
    return `${name} ${host.rows} history rows, ${host.bytes} bytes (floor ${floor.rows} rows, ${floor.bytes} bytes)`;
  });
  return `stored of one: ${parts.join('; ')}`;
}

function stored(folder: string, name: string): { rows: number; bytes: number } {
  const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  try {
    const found = db
      .prepare(
        'SELECT count(*) AS rows, sum(length(events)) + length(document) AS bytes FROM history ' +
          'JOIN instances ON number = instance WHERE number = (SELECT number FROM instances ' +
          "WHERE document ->> '$.name' = ? AND status = 'Completed' LIMIT 1)",
      )
      .get(name) as { rows: number; bytes: number };
    return found;
  } finally {
    db.close();
  }
}
