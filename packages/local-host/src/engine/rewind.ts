import type { Action } from './actions.ts';
import { EventType, type HistoryEvent, isSchedulingEvent } from './history.ts';
import { EventFactory, sentHeader } from './scheduling.ts';
import { sequence } from './sequencer.ts';
import type { TaskNode } from './task-tree.ts';

export interface Rewound {
  /** The history without the end and without the failures that caused it. */
  history: HistoryEvent[];
  /** Failed sub-orchestrations to rewind as well; their calls stay open. */
  children: { instanceId: string; taskId: number }[];
}

/** The history of a failed instance up to where it ended; a replay of this one fails again, in the same place. */
export function withoutEnd(history: readonly HistoryEvent[]): HistoryEvent[] {
  return history.filter(({ EventType: type }) => type !== EventType.ExecutionCompleted);
}

/**
 * Takes the failure that ended an instance out of its history, so that the replay runs what failed again; what had
 * succeeded stays. A failure that the orchestrator made itself leaves nothing to take out: it runs on as it is.
 *
 * @param actions what the orchestrator asked for in the replay that failed
 * @param canRewind whether a failed sub-orchestration can go on itself; else it is started anew
 * @throws ReplayError if the orchestrator's code no longer fits the history
 */
export function rewindHistory(
  ended: readonly HistoryEvent[],
  actions: readonly Action[],
  canRewind: (childInstanceId: string, taskId: number) => boolean,
): Rewound {
  // The events it would make are not used: only which task failed.
  const { current } = sequence(ended, actions, new EventFactory('', '', new Date(0)));
  const failed = new Set<number>();
  if (current !== undefined) collectFailed(current, failed);
  const children: Rewound['children'] = [];
  const answers = new Set<string>();
  for (const event of ended) {
    if (!isSchedulingEvent(event) || !failed.has(event.EventId)) continue;
    if (event.EventType === EventType.EventSent) answers.add(sentHeader(event).id);
    else if (
      event.EventType === EventType.SubOrchestrationInstanceCreated &&
      canRewind(event.InstanceId, event.EventId)
    ) {
      children.push({ instanceId: event.InstanceId, taskId: event.EventId });
    }
  }
  const kept = new Set(children.map(({ taskId }) => taskId));
  const history = ended.filter((event) => {
    if (isSchedulingEvent(event)) return !failed.has(event.EventId) || kept.has(event.EventId);
    if (event.EventType === EventType.TimerFired) return !failed.has(event.TimerId);
    if (event.EventType === EventType.EventRaised) return !answers.has(event.Name);
    return !('TaskScheduledId' in event && failed.has(event.TaskScheduledId));
  });
  return { history, children };
}

/** The ids of everything that a failed task consists of; of a compound only the children that failed. */
function collectFailed(node: TaskNode, into: Set<number>): void {
  if (node.state !== 'failed') return;
  if (node.id !== undefined) into.add(node.id);
  for (const child of node.children) {
    // The attempts and pauses of a retry, or of a polled call, belong together: all of it runs again.
    if (node.kind !== 'all') child.state = 'failed';
    collectFailed(child, into);
  }
}
