import type { DatabaseSync } from 'node:sqlite';
import { checksum } from './checksum.ts';

/**
 * Instances get a number in the order of creation, and a step's events become one row: what is written together then
 * lies together, and a flush touches few pages. Records get checksums, and the lists their indexes.
 */
export function splitHistoryAndAddChecks(db: DatabaseSync): void {
  db.function('checksum', { varargs: true }, (...parts) => checksum(...(parts as (string | number | null)[])));
  db.exec(`
    ALTER TABLE messages ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE messages SET checksum = checksum(lane, target, due, tag, body);
    DROP INDEX messages_by_tag;
    CREATE INDEX messages_by_target ON messages (target, tag);

    ALTER TABLE instances RENAME TO old_instances;
    CREATE TABLE instances (
      number INTEGER PRIMARY KEY,
      instance_id TEXT NOT NULL UNIQUE,
      status TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      checksum INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    INSERT INTO instances (instance_id, status, created_at, checksum, document)
      SELECT instance_id, status, created_at, checksum(instance_id, document), document
      FROM old_instances ORDER BY created_at, instance_id;
    DROP TABLE old_instances;
    CREATE INDEX instances_by_status ON instances (status, instance_id, created_at);
    CREATE INDEX instances_by_time ON instances (created_at, instance_id);

    ALTER TABLE history RENAME TO old_history;
    CREATE TABLE history (
      chunk INTEGER PRIMARY KEY,
      instance INTEGER NOT NULL,
      position INTEGER NOT NULL,
      length INTEGER NOT NULL,
      checksum INTEGER NOT NULL,
      events TEXT NOT NULL
    );
    INSERT INTO history (instance, position, length, checksum, events)
      SELECT number, position, 1, checksum(position, event), event
      FROM old_history JOIN instances USING (instance_id) ORDER BY number, position;
    DROP TABLE old_history;
    CREATE INDEX history_by_instance ON history (instance, position, length);

    ALTER TABLE entities ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE entities SET checksum = checksum(id, last_operation_at, present, state, lock);
  `);
}
