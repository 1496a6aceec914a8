import type { CommitKind } from '../../src/store/commit-kind.ts';

const stages = ['begin', 'applied', 'synced'] as const;

/** A place where a host can be made to die, and how often a run without a crash may come to it. */
export interface Point {
  name: string;
  /** For points of one kind exact; without a kind an upper bound, since commits share flushes. */
  times: number;
}

/** All points that a run with these commits passes, in groups of one stage each. */
export function pointsOf(commits: ReadonlyMap<CommitKind, number>): Point[][] {
  const total = [...commits.values()].reduce((sum, times) => sum + times, 0);
  return stages.map((stage) => [
    { name: `commit.${stage}`, times: total },
    ...[...commits].map(([kind, times]) => ({ name: `commit.${stage}/${kind}`, times })),
  ]);
}

/** Picks points at random, the stages in turn, each point as likely as it is often passed. */
export function samplePoints(groups: readonly Point[][], count: number, random: () => number): Point[] {
  const first = Math.floor(random() * groups.length);
  return Array.from({ length: count }, (_, index) => {
    const group = groups[(first + index) % groups.length]!;
    let left = random() * group.reduce((sum, { times }) => sum + times, 0);
    const point = group.find(({ times }) => {
      left -= times;
      return left < 0;
    })!;
    return { name: point.name, times: 1 + Math.floor(random() * point.times) };
  });
}
