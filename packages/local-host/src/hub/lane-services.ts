import type { Logger } from '../log.ts';
import type { Commit, Store, StoredMessage } from '../store/store.ts';
import type { Clock, Executor } from './executor.ts';
import type { HubPolicy } from './hub-policy.ts';
import type { UnstoredResult } from './unstored-result.ts';

/** What the lanes share. */
export interface LaneServices {
  store: Store;
  executor: Executor;
  clock: Clock;
  logger: Logger;
  /**
   * Writes a step, then runs `whenStored` (to update what is cached), then delivers the step's messages.
   * Rejects, with nothing changed, if the step could not be written.
   */
  commit(commit: Commit, whenStored?: () => void): Promise<void>;
  /** Gives a result to its orchestration without storing it first. @returns false if it has to be stored */
  handOver(result: UnstoredResult): boolean;
  /** Whether an execution is still the current one of its instance, and has not ended. */
  isRunning(instanceId: string, executionId: string | null): boolean;
  /** Tells whoever waits for it that an instance has ended. */
  ended(instanceId: string): void;
  /** Runs the user's code for these messages, unless it has taken the process down too often; then it is told so. */
  guard<T>(messages: readonly StoredMessage[], run: (poison: string | undefined) => Promise<T>): Promise<T>;
  policy: HubPolicy;
  /** A step could not be written: says so, and calls back after a pause to try it again. */
  stepFailed(what: string, reason: string, retry: () => void): void;
  /** What is stored of it cannot be read: says so, and leaves it and its messages alone. Nothing else is touched. */
  setAside(what: string, error: Error): false;
}

/** Whether a record is not what was written; trying again would find the same. */
export function isDamaged(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === 'damaged';
}
