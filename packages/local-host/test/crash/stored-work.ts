import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface StoredWork {
  /** All messages that wait in the store, whatever they are for. */
  messages: { lane: string; target: string; body: string }[];
  /** Keys of the activities and entity operations that wait: these may run (again), all others must not. */
  keys: Set<string>;
}

/** Reads what waits in a data folder. It changes nothing, beside a running host or after one has died. */
export function storedWork(data: string): StoredWork {
  const file = join(data, 'state.db');
  const work: StoredWork = { messages: [], keys: new Set() };
  if (!existsSync(file)) return work;
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.exec('PRAGMA busy_timeout = 5000');
    const { tables } = db.prepare("SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'messages'").get() as {
      tables: number;
    };
    if (tables === 0) return work;
    const rows = db.prepare('SELECT lane, target, body FROM messages ORDER BY id').all();
    work.messages = rows.map((row) => ({ ...row }) as StoredWork['messages'][number]);
  } finally {
    db.close();
  }
  for (const { lane, body } of work.messages) {
    if (lane === 'orchestration') continue;
    const { input } = JSON.parse(body) as { input?: string | null };
    const argument: unknown = input ? JSON.parse(input) : undefined;
    if (typeof argument === 'object' && argument !== null && 'key' in argument) work.keys.add(String(argument.key));
  }
  return work;
}
