import { type CommitKind, commitKind, commitKinds } from './commit-kind.ts';
import type { Commit } from './store.ts';
import { StoreError } from './store-error.ts';

/**
 * Where a process can be made to die. `begin`: nothing is written. `applied`: all is written and nothing is durable.
 * `synced`: all is durable and nobody has been told.
 */
const stages = ['begin', 'applied', 'synced'] as const;

export type Stage = (typeof stages)[number];

/** Called at each stage of a flush with the commits that are in it. */
export type FailPoint = (stage: Stage, commits: readonly Commit[]) => void;

/**
 * Reads `DURABLE_CRASH_AT=<point>:<n>`, for tests of crashes: the process kills itself the n-th time it comes to the
 * point. `commit.<stage>` is passed once a flush, `commit.<stage>/<kind>` once for each commit of that kind in it.
 *
 * @param kill ends the process; it does not return
 * @returns undefined without the variable, so that nothing is paid for it
 * @throws StoreError `badFailPoint`
 */
export function failPointFrom(
  environment: Record<string, string | undefined>,
  kill: () => void = killThisProcess,
): FailPoint | undefined {
  const text = environment.DURABLE_CRASH_AT;
  if (text === undefined || text === '') return undefined;
  const match = /^commit\.([a-z]+)(?:\/([a-z]+))?:([1-9]\d*)$/.exec(text);
  const stage = stages.find((known) => known === match?.[1]);
  const kind = commitKinds.find((known) => known === match?.[2]);
  if (match === null || stage === undefined || (match[2] !== undefined && kind === undefined)) {
    throw new StoreError(
      'badFailPoint',
      `DURABLE_CRASH_AT=${text} is not a fail point. Write commit.<stage>:<n> or commit.<stage>/<kind>:<n> ` +
        `with a stage of ${stages.join(', ')}, a kind of ${commitKinds.join(', ')}, and n from 1 on.`,
    );
  }
  let left = Number(match[3]);
  return (reached, commits) => {
    if (reached !== stage) return;
    left -= kind === undefined ? 1 : count(commits, kind);
    if (left <= 0) kill();
  };
}

function count(commits: readonly Commit[], kind: CommitKind): number {
  return commits.filter((commit) => commitKind(commit) === kind).length;
}

function killThisProcess(): void {
  process.kill(process.pid, 'SIGKILL');
  // The signal may take a moment to arrive, and nothing may happen in it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
