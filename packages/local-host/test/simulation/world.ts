import type { ActivityMessage } from '../../src/engine/instance.ts';
import type { Disk } from './disk.ts';
import type { Judge } from './judge.ts';

interface Runs {
  started: number;
  /** How often it may start: once, and once more for each process that ended while its result was not stored. */
  allowed: number;
}

/** Keeps what activities did outside of the host: no crash takes that back, so a second run of one is seen. */
export class World {
  readonly #judge: Judge;
  readonly #runs = new Map<string, Runs>();
  /** Sequence ids of the attempts of each step, in order. */
  readonly #attempts = new Map<string, number[]>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  started({ instanceId, executionId, taskId, name }: ActivityMessage): void {
    const key = `${executionId}/${taskId}`;
    const runs = this.#of(key);
    runs.started++;
    this.#judge.require(
      runs.started <= runs.allowed,
      'W1',
      () =>
        `Activity '${name}' (step ${taskId} of ${instanceId}) started ${runs.started} times, ${runs.allowed} allowed`,
    );
  }

  hasRun(executionId: string, taskId: number): boolean {
    return (this.#runs.get(`${executionId}/${taskId}`)?.started ?? 0) > 0;
  }

  /** How many attempts of this step came before this one. A repeated run of the same attempt is not a new one. */
  attemptsBefore(stepId: string, { executionId, taskId }: ActivityMessage): number {
    const key = `${executionId}/${stepId}`;
    const attempts = this.#attempts.get(key) ?? [];
    this.#attempts.set(key, attempts);
    if (!attempts.includes(taskId)) attempts.push(taskId);
    return attempts.indexOf(taskId);
  }

  /** A fault has stored the request for an activity once more. */
  requestedAgain({ executionId, taskId }: ActivityMessage): void {
    this.#of(`${executionId}/${taskId}`).allowed++;
  }

  /** A process has ended: what it ran and did not store may run again. */
  processEnded(disk: Disk): void {
    for (const { body } of disk.queue('activity')) {
      const { executionId, taskId } = JSON.parse(body) as ActivityMessage;
      const runs = this.#of(`${executionId}/${taskId}`);
      if (runs.started > 0) runs.allowed++;
    }
  }

  #of(key: string): Runs {
    let runs = this.#runs.get(key);
    if (runs === undefined) {
      runs = { started: 0, allowed: 1 };
      this.#runs.set(key, runs);
    }
    return runs;
  }
}
