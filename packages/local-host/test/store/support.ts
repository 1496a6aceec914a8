import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Entity } from '../../src/engine/entity.ts';
import type { Instance, Outgoing } from '../../src/engine/instance.ts';
import type { Store } from '../../src/store/store.ts';

export function temporaryFolder(t: { after(fn: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export const message = (body: string): Outgoing => ({ lane: 'entity', target: '@a@b', due: 0, tag: null, body });

export function instance(instanceId: string, status: Instance['status'] = 'Running', createdAt = 1): Instance {
  return {
    instanceId,
    name: 'n',
    version: '',
    executionId: 'x',
    status,
    input: null,
    output: null,
    customStatus: null,
    createdAt,
    updatedAt: 1,
    parent: null,
  };
}

export const entity = (id: string, state: string): Entity => ({
  id,
  state,
  exists: true,
  lastOperationAt: 1,
  lock: null,
});

export const bodies = (store: Store): string[] => [...store.messages('entity')].map(({ body }) => body);

/** Runs SQL on a data folder that no host holds. */
export function sql<T>(folder: string, run: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(folder, 'state.db'));
  try {
    return run(db);
  } finally {
    db.close();
  }
}

/** The program of a child: `SqliteStore`, `message` and the folder are at hand. */
export function childArguments(script: string, folder: string): string[] {
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { SqliteStore } from ${at('../../src/store/sqlite-store.ts')};
    import { bodies, instance, message } from ${at('./support.ts')};
    const folder = process.argv[1];
    ${script}
  `;
  return ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', program, folder];
}

/** Runs a program in a process of its own. @param shell wraps the command, which is its `"$@"` */
export function inChild(script: string, folder: string, shell?: string): SpawnSyncReturns<string> {
  const args = childArguments(script, folder);
  return shell === undefined
    ? spawnSync(process.execPath, args, { encoding: 'utf8' })
    : spawnSync('sh', ['-c', shell, 'sh', process.execPath, ...args], { encoding: 'utf8' });
}
