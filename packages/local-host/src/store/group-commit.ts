import type { FailPoint } from './fail-points.ts';
import { concernsAll, storeFailure } from './failures.ts';
import type { Statements } from './statements.ts';
import type { Commit, StoredMessage } from './store.ts';
import { StoreError } from './store-error.ts';

/** How long (ms) a foreign lock is waited for before steps are given back. */
const longestBusyMs = 5_000;
const busyPauseMs = 20;

interface Waiting {
  commit: Commit;
  resolve: (messages: StoredMessage[]) => void;
  reject: (error: unknown) => void;
}

interface Applied {
  waiting: Waiting;
  messages: StoredMessage[];
}

export interface StoreHealth {
  ok: boolean;
  /** Epoch ms of the first flush that failed since the last one that did not. */
  since?: number;
  /** What the last one that failed said. */
  problem?: string;
}

/**
 * Collects commits until the event loop turns and writes them in one transaction with one flush. Whatever goes wrong,
 * each commit is settled, and only what is on disk is told to be stored.
 */
export class GroupCommit {
  readonly #statements: Statements;
  readonly #apply: (commit: Commit) => StoredMessage[];
  readonly #failPoint: FailPoint | undefined;
  readonly #path: string;
  #queue: Waiting[] = [];
  #busySince: number | undefined;
  #closed = false;
  #health: StoreHealth = { ok: true };

  constructor(parts: {
    statements: Statements;
    apply: (commit: Commit) => StoredMessage[];
    failPoint: FailPoint | undefined;
    path: string;
  }) {
    this.#statements = parts.statements;
    this.#apply = parts.apply;
    this.#failPoint = parts.failPoint;
    this.#path = parts.path;
  }

  get health(): StoreHealth {
    return this.#health;
  }

  add(commit: Commit): Promise<StoredMessage[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new StoreError('dataClosed', 'The data folder is closed; the step was not written and will run again.'));
        return;
      }
      if (this.#queue.length === 0) setImmediate(() => this.#flush());
      this.#queue.push({ commit, resolve, reject });
    });
  }

  /** Writes what is queued, or rejects it. */
  close(): void {
    this.#closed = true;
    this.#flush();
  }

  #flush(): void {
    const batch = this.#queue;
    if (batch.length === 0) return;
    try {
      this.#failPoint?.('begin', batch.map(commitOf));
      if (!this.#begin()) {
        setTimeout(() => this.#flush(), busyPauseMs);
        return;
      }
      this.#queue = [];
      const applied = this.#write(batch);
      this.#health = { ok: true };
      for (const { waiting, messages } of applied) waiting.resolve(messages);
    } catch (error) {
      this.#queue = [];
      this.#fail(batch, error);
    }
  }

  /** @returns false while another program holds the lock and there is time left to wait for it */
  #begin(): boolean {
    try {
      // A rollback that failed with the disk is made up for when the disk is back.
      if (this.#statements.db.isTransaction) this.#run('ROLLBACK');
      this.#run('BEGIN IMMEDIATE');
    } catch (error) {
      const failure = storeFailure(error, this.#path);
      this.#busySince ??= Date.now();
      const mayWait = !this.#closed && Date.now() - this.#busySince < longestBusyMs;
      if (failure instanceof StoreError && failure.code === 'busy' && mayWait) return false;
      this.#busySince = undefined;
      throw failure;
    }
    this.#busySince = undefined;
    return true;
  }

  /** Writes what can be applied and rejects what cannot; throws if nothing is written. */
  #write(batch: readonly Waiting[]): Applied[] {
    const refused = new Map<Waiting, unknown>();
    let applied = this.#applyAll(batch, refused);
    // A savepoint would be simpler, but after a damaged page SQLite only goes on after a full rollback.
    while (applied === undefined) {
      this.#run('ROLLBACK');
      if (refused.size === batch.length) {
        for (const [{ reject }, error] of refused) reject(error);
        throw refused.get(batch[0]!);
      }
      this.#run('BEGIN IMMEDIATE');
      applied = this.#applyAll(batch, refused);
    }
    this.#failPoint?.('applied', applied.map(commitOf));
    this.#run('COMMIT');
    this.#failPoint?.('synced', applied.map(commitOf));
    for (const [{ reject }, error] of refused) reject(error);
    return applied;
  }

  /** @returns undefined if one more was refused: the transaction then has to begin anew without it */
  #applyAll(batch: readonly Waiting[], refused: Map<Waiting, unknown>): Applied[] | undefined {
    const applied: Applied[] = [];
    for (const waiting of batch) {
      if (refused.has(waiting)) continue;
      try {
        applied.push({ waiting, messages: this.#apply(waiting.commit) });
      } catch (error) {
        const failure = storeFailure(error, this.#path);
        if (concernsAll(failure)) throw failure;
        refused.set(waiting, failure);
        return undefined;
      }
    }
    return applied;
  }

  #fail(batch: readonly Waiting[], error: unknown): void {
    const failure = storeFailure(error, this.#path);
    try {
      if (this.#statements.db.isTransaction) this.#run('ROLLBACK');
    } catch {
      // The failure that is told is the first one; the next flush rolls back before it begins, and tells if it cannot.
    }
    if (failure instanceof StoreError && failure.code !== 'outOfStep') {
      this.#health = { ok: false, since: this.#health.since ?? Date.now(), problem: failure.message };
    }
    for (const { reject } of batch) reject(failure);
  }

  #run(sql: string): void {
    this.#statements.run(sql);
  }
}

function commitOf(item: Waiting | Applied): Commit {
  return 'waiting' in item ? item.waiting.commit : item.commit;
}
