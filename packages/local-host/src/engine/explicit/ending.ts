import { releasesAtEnd } from '../entity-lock.ts';
import { type EpisodeResult, timerTag } from '../episode.ts';
import { arrival, EventType, type HistoryEvent } from '../history.ts';
import type { InstanceMessage } from '../instance.ts';
import { instanceMessage } from '../messages.ts';
import type { Complete } from './actions.ts';
import { detailsOf, type FailureDetails, reasonOf } from './failure-details.ts';
import { asJson } from './payload.ts';

/** Brings an instance to its end: status, output, answer to the parent, locks given free, timers withdrawn. */
export function endExecution(
  result: EpisodeResult,
  history: readonly HistoryEvent[],
  complete: Complete,
  timestamp: Date,
): void {
  const { instance } = result;
  const failed = complete.status === 'Failed';
  const failure =
    complete.failure ?? detailsOf(failed ? 'The orchestrator failed.' : 'The orchestrator was terminated.');
  const status = complete.status === 'ContinuedAsNew' ? 'Completed' : complete.status;
  instance.status = status;
  instance.output = failed ? JSON.stringify(reasonOf(failure)) : asJson(complete.result);
  closeExecution(result, history);
  result.append.push({
    EventType: EventType.ExecutionCompleted,
    EventId: complete.id,
    IsPlayed: false,
    Timestamp: timestamp,
    OrchestrationStatus: status,
    Result: instance.output,
    ...(failed && { FailureDetails: failure }),
  });
  answerParent(result, complete, failure, timestamp);
}

/** What every execution leaves in order when it ends, continued as new or not. */
function closeExecution(result: EpisodeResult, history: readonly HistoryEvent[]): void {
  const { instance } = result;
  const all = [...history, ...result.append];
  const open = new Set<number>();
  for (const event of all) {
    if (event.EventType === EventType.TimerCreated) open.add(event.EventId);
    else if (event.EventType === EventType.TimerFired) open.delete(event.TimerId);
  }
  result.withdraw.push(...[...open].map((id) => timerTag(instance.executionId, id)));
  // Timers of this very episode are not stored yet, so there is nothing to withdraw: they just do not go out.
  result.outgoing = result.outgoing.filter((message) => message.tag === null);
  result.outgoing.push(...releasesAtEnd(all, instance.instanceId));
}

function answerParent(result: EpisodeResult, complete: Complete, failure: FailureDetails, timestamp: Date): void {
  const { instance } = result;
  const { parent } = instance;
  if (parent === null) return;
  const base = { ...arrival(timestamp), TaskScheduledId: parent.TaskScheduleId };
  const event: HistoryEvent =
    instance.status === 'Completed'
      ? { ...base, EventType: EventType.SubOrchestrationInstanceCompleted, Result: complete.result ?? '' }
      : {
          ...base,
          EventType: EventType.SubOrchestrationInstanceFailed,
          Reason: reasonOf(failure),
          Details: '',
          FailureDetails: failure,
        };
  const { InstanceId, ExecutionId } = parent.OrchestrationInstance;
  result.outgoing.push(instanceMessage(InstanceId, event, ExecutionId));
}

/** Starts the next execution of the same instance, with an empty history. */
export function continueExecution(
  result: EpisodeResult,
  history: readonly HistoryEvent[],
  complete: Complete,
  executionId: string,
  timestamp: Date,
): void {
  const { instance } = result;
  closeExecution(result, history);
  const first = [...history, ...result.append].find((event) => event.EventType === EventType.ExecutionStarted);
  instance.executionId = executionId;
  instance.input = complete.result;
  instance.customStatus = null;
  if (complete.newVersion !== null) instance.version = complete.newVersion;
  const started: HistoryEvent = {
    EventType: EventType.ExecutionStarted,
    ...arrival(timestamp),
    Name: instance.name,
    Version: instance.version,
    Input: complete.result,
    OrchestrationInstance: { InstanceId: instance.instanceId, ExecutionId: executionId },
    ...(instance.parent !== null && { ParentInstance: instance.parent }),
    ...(first?.EventType === EventType.ExecutionStarted && first.Tags && { Tags: first.Tags }),
  };
  // One message for all: what came meanwhile waits already, and has to stand behind what is carried over.
  const carryover = complete.carryover.map((event) => ({ ...event, Timestamp: timestamp }));
  const message: InstanceMessage = { executionId, event: started, ...(carryover.length > 0 && { carryover }) };
  result.outgoing.push({
    lane: 'orchestration',
    target: instance.instanceId,
    due: 0,
    tag: null,
    body: JSON.stringify(message),
  });
  result.append = [];
  result.replaceHistory = true;
}
