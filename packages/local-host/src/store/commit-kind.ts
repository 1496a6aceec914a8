import { EventType } from '../engine/history.ts';
import type { InstanceMessage, Outgoing } from '../engine/instance.ts';
import type { Commit } from './store.ts';

export const commitKinds = [
  'start',
  'episode',
  'activity',
  'entity',
  'lock',
  'signal',
  'event',
  'purge',
  'mark',
  'attempt',
  'drop',
] as const;

export type CommitKind = (typeof commitKinds)[number];

/**
 * Which step of the engine a commit is, read off its content. `signal` is a message for an entity, `event` one for an
 * orchestration (an order too), `lock` the taking of an entity lock, `drop` messages that nobody wants any more.
 */
export function commitKind(commit: Commit): CommitKind {
  const { outgoing = [] } = commit;
  if (commit.purge !== undefined) return 'purge';
  if (commit.entity !== undefined) {
    // Whoever takes a lock sends its id on, to the next entity of the set or to the orchestration.
    const lockId = commit.entity.lock?.id;
    return lockId !== undefined && outgoing.some(({ body }) => body.includes(lockId)) ? 'lock' : 'entity';
  }
  if (commit.instance !== undefined) return commit.consume === undefined ? 'start' : 'episode';
  if (commit.consume !== undefined) return outgoing.some(isActivityResult) ? 'activity' : 'drop';
  if (commit.attempted !== undefined) return 'attempt';
  if (outgoing.length > 0) return outgoing.some(({ lane }) => lane === 'entity') ? 'signal' : 'event';
  return 'mark';
}

function isActivityResult({ lane, body }: Outgoing): boolean {
  if (lane !== 'orchestration') return false;
  const { EventType: type } = (JSON.parse(body) as InstanceMessage).event;
  return type === EventType.TaskCompleted || type === EventType.TaskFailed;
}
