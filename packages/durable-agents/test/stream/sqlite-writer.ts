/** A process of its own that writes to a stream: `sqlite-writer.ts {path} {key} {attempt} {count}`. */
import { SqliteStreamStore } from '../../src/stream/sqlite-stream-store.ts';
import type { TurnKey } from '../../src/stream/stream-store.ts';
import { deltas } from './events.ts';

const [path = '', key = '', attempt = '', count = ''] = process.argv.slice(2);
const store = new SqliteStreamStore({ path });
for (let index = 1; index <= Number(count); index++) {
  const written = deltas([`${index}`], index).map((event) => ({ ...event, attempt: Number(attempt) }));
  await store.append(JSON.parse(key) as TurnKey, written);
}
await store.close();
