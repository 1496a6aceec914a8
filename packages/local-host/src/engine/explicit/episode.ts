import type { EpisodePlan, EpisodeResult } from '../episode.ts';
import { ReplayError } from '../errors.ts';
import { arrival, EventType, type HistoryEvent, isSchedulingEvent } from '../history.ts';
import type { Instance, Outgoing } from '../instance.ts';
import { instanceMessage } from '../messages.ts';
import { brokenOutcome, type ExplicitOutcome, type TerminateOther } from './actions.ts';
import { continueExecution, endExecution } from './ending.ts';
import { asJson } from './payload.ts';
import { schedule } from './scheduled.ts';

/*
 * One episode of an orchestration whose SDK chooses the ids of its actions and reports only what is new. Everything
 * else is as in the classic episode: the same events, the same messages, one commit.
 *
 * X1  The event of an action carries the action's id, unchanged; events stand in the order of the actions.
 * X2  An id that an earlier episode used is never given to another action: that is an error and nothing is scheduled.
 * X3  The orchestration ends with its completion, whatever is open; late results are dropped as those of an earlier
 *     execution are. Actions beside the completion still count.
 */

export interface ExplicitEpisodeInput {
  instance: Instance;
  /** History before this episode. */
  history: readonly HistoryEvent[];
  plan: EpisodePlan;
  outcome: ExplicitOutcome;
  now: number;
  newExecutionId: () => string;
}

export function finishExplicitEpisode(input: ExplicitEpisodeInput): EpisodeResult {
  try {
    return episode(input, undefined);
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    const failure = { ErrorType: error.name, ErrorMessage: error.message };
    return episode({ ...input, outcome: brokenOutcome(failure) }, error);
  }
}

function episode(input: ExplicitEpisodeInput, fault: ReplayError | undefined): EpisodeResult {
  const { history, plan, outcome } = input;
  const timestamp = plan.events[0]!.Timestamp;
  const instance: Instance = { ...input.instance, status: 'Running', updatedAt: input.now };
  if (outcome.customStatus !== undefined) instance.customStatus = asJson(outcome.customStatus);
  const result: EpisodeResult = {
    instance,
    append: [...plan.events],
    replaceHistory: false,
    outgoing: [],
    withdraw: [],
    fault,
  };
  const used = new Set(history.filter(isSchedulingEvent).map((event) => event.EventId));
  const complete = outcome.explicitActions.findLast((action) => action.kind === 'complete');
  for (const action of outcome.explicitActions) {
    if (action.kind === 'complete') continue;
    if (action.kind === 'terminate') {
      result.outgoing.push(terminationOf(action, timestamp));
    } else {
      if (used.has(action.id)) {
        // A replay that broke off half-way reports what it did not come to; all that was done long ago.
        if (complete?.status === 'Failed') continue;
        throw new ReplayError(
          'nonDeterministic',
          `The worker reported a new action under id ${action.id}, which this execution has used already.`,
        );
      }
      used.add(action.id);
      const { event, outgoing } = schedule(action, instance, timestamp);
      result.append.push(event);
      result.outgoing.push(outgoing);
    }
  }
  if (complete?.status === 'ContinuedAsNew') {
    continueExecution(result, history, complete, input.newExecutionId(), timestamp);
    return result;
  }
  if (complete !== undefined) endExecution(result, history, complete, timestamp);
  result.append.push({ EventType: EventType.OrchestratorCompleted, ...arrival(timestamp) });
  return result;
}

function terminationOf({ target, reason, recurse }: TerminateOther, timestamp: Date): Outgoing {
  const order: HistoryEvent = {
    EventType: EventType.ExecutionTerminated,
    ...arrival(timestamp),
    Input: asJson(reason),
    ...(recurse && { Recurse: true }),
  };
  return instanceMessage(target, order, null);
}
