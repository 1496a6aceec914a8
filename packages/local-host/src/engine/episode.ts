import type { Action, OrchestratorOutcome } from './actions.ts';
import { releasesAtEnd } from './entity-lock.ts';
import { ReplayError } from './errors.ts';
import {
  arrival,
  type EventSent,
  EventType,
  type HistoryEvent,
  type SchedulingEvent,
  type SubOrchestrationInstanceCreated,
} from './history.ts';
import type { ActivityMessage, Instance, Outgoing } from './instance.ts';
import { entityMessage, instanceMessage } from './messages.ts';
import { EventFactory } from './scheduling.ts';
import { type Sequenced, sequence } from './sequencer.ts';
import type { TaskFailure } from './task-tree.ts';

/*
 * One episode of an orchestration, as pure functions around the run of the user's orchestrator.
 *
 * E1  An instance has at most one episode in flight.
 * E2  Everything an episode changes (inbox, history, status, outgoing messages, withdrawn timers) is one commit.
 * E3  Messages of an earlier execution are dropped: after continue-as-new or a final state a late result changes nothing.
 * E4  An orchestration ends only when no activity, sub-orchestration or live timer is open, as on Azure.
 */

export interface EpisodePlan {
  /** New events, led by OrchestratorStarted; the history so far does not include them. */
  events: HistoryEvent[];
}

/** Starts an episode. Time never runs backwards within one instance. */
export function planEpisode(
  history: readonly HistoryEvent[],
  inbox: readonly HistoryEvent[],
  now: number,
): EpisodePlan {
  // Only this kind of event carries the engine's time; others carry that of their sender.
  const last = history.findLast((event) => event.EventType === EventType.OrchestratorStarted)?.Timestamp.getTime() ?? 0;
  const started: HistoryEvent = {
    EventType: EventType.OrchestratorStarted,
    ...arrival(new Date(Math.max(now, last))),
  };
  return { events: [started, ...inbox] };
}

export interface EpisodeResult {
  instance: Instance;
  /** Events to append; with `replaceHistory` they are the whole new history. */
  append: HistoryEvent[];
  replaceHistory: boolean;
  outgoing: Outgoing[];
  /** Tags of this instance's messages to withdraw. */
  withdraw: string[];
  /** Set if the engine refused the actions; the instance has failed with this error. */
  fault: ReplayError | undefined;
}

export interface EpisodeInput {
  instance: Instance;
  /** History before this episode. */
  history: readonly HistoryEvent[];
  plan: EpisodePlan;
  outcome: OrchestratorOutcome;
  now: number;
  newExecutionId: () => string;
  /** Default: no version, 100,000 actions. */
  limits?: EpisodeLimits;
}

export interface EpisodeLimits {
  /** Version of sub-orchestrations whose call names none. */
  defaultVersion?: string;
  /** Most actions of one execution (`maxOrchestrationActions`). */
  maxActions?: number;
}

/** Largest custom status in bytes of UTF-16, as on Azure. */
const maxCustomStatusBytes = 16 * 1024;
const defaultMaxActions = 100_000;

export function finishEpisode(input: EpisodeInput): EpisodeResult {
  const { instance, history, plan, outcome } = input;
  const timestamp = plan.events[0]!.Timestamp;
  let sequenced: Sequenced;
  try {
    const { defaultVersion, maxActions = defaultMaxActions } = input.limits ?? {};
    assertWithinLimits(outcome, maxActions);
    const events = new EventFactory(instance.instanceId, instance.executionId, timestamp, defaultVersion);
    sequenced = sequence([...history, ...plan.events], outcome.actions, events);
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    return failed(input, timestamp, error);
  }
  const next: Instance = { ...instance, status: 'Running', updatedAt: input.now };
  if (outcome.customStatus !== undefined) next.customStatus = JSON.stringify(outcome.customStatus);
  const outgoing = sequenced.scheduled.map((event) => {
    const spent = sequenced.spent.get(event.EventId);
    return spent === undefined ? outgoingFor(event, next, sequenced) : spentCall(event, next, spent);
  });
  const withdraw = sequenced.canceledTimers.map((id) => timerTag(next.executionId, id));
  const result: EpisodeResult = {
    instance: next,
    append: [...plan.events, ...sequenced.scheduled],
    replaceHistory: false,
    outgoing: outgoing.filter((message) => message !== undefined),
    withdraw,
    fault: undefined,
  };
  const ended = outcome.isDone || outcome.error !== undefined;
  if (ended && sequenced.openTasks === 0) {
    if (outcome.error !== undefined) {
      end(result, history, 'Failed', failureText(instance.name, outcome.error), sequenced.nextId, timestamp);
    } else if (sequenced.continueAsNew !== undefined) {
      continueAsNew(result, sequenced.continueAsNew.input, input, timestamp);
      return result;
    } else {
      end(result, history, 'Completed', JSON.stringify(outcome.output) ?? null, sequenced.nextId, timestamp);
    }
  }
  // The code has left its critical section, though what it left open is waited for; a release is good only once.
  else if (ended) result.outgoing.push(...releasesAtEnd([...history, ...result.append], instance.instanceId));
  result.append.push({
    EventType: EventType.OrchestratorCompleted,
    ...arrival(timestamp),
  });
  return result;
}

function assertWithinLimits({ actions, customStatus }: OrchestratorOutcome, maxActions: number): void {
  const count = countActions(actions);
  if (count > maxActions) {
    throw new ReplayError(
      'tooManyActions',
      `The orchestrator asked for ${count} actions; one execution may have ${maxActions} ` +
        '(maxOrchestrationActions in host.json). Use continueAsNew or sub-orchestrations.',
    );
  }
  const bytes = 2 * (JSON.stringify(customStatus) ?? '').length;
  if (bytes > maxCustomStatusBytes) {
    throw new ReplayError(
      'customStatusTooLarge',
      `The custom status has ${bytes} bytes as UTF-16 JSON; the most is ${maxCustomStatusBytes}. Keep large data in ` +
        'the output, in an entity or in a store of its own.',
    );
  }
}

function countActions(actions: readonly Action[]): number {
  let count = 0;
  for (const action of actions) count += 'compoundActions' in action ? countActions(action.compoundActions) : 1;
  return count;
}

/** Marks an instance as held, or as going on; its orchestrator does not run. */
export function pauseEpisode(
  instance: Instance,
  plan: EpisodePlan,
  status: 'Suspended' | 'Running',
  now: number,
): EpisodeResult {
  return openResult({ ...instance, status }, plan, now);
}

/** What an episode has for a result before anything else comes to it: the events that began it. */
function openResult(instance: Instance, plan: EpisodePlan, now: number): EpisodeResult {
  return {
    instance: { ...instance, updatedAt: now },
    append: [...plan.events],
    replaceHistory: false,
    outgoing: [],
    withdraw: [],
    fault: undefined,
  };
}

/** Ends an instance by order from outside, and its sub-orchestrations with it; its orchestrator does not run again. */
export function terminateEpisode(
  instance: Instance,
  history: readonly HistoryEvent[],
  plan: EpisodePlan,
  reason: string | null,
  now: number,
): EpisodeResult {
  const result = openResult(instance, plan, now);
  const timestamp = plan.events[0]!.Timestamp;
  result.outgoing.push(...childrenEnd(instance, history, timestamp, 'terminated'));
  end(result, history, 'Terminated', reason, -1, timestamp);
  return result;
}

/** What has to be told to others when an execution is given up for a new one under its id. */
export function abandoned(instance: Instance, history: readonly HistoryEvent[], now: number): Outgoing[] {
  return [
    ...childrenEnd(instance, history, new Date(now), 'replaced by a new one'),
    ...releasesAtEnd(history, instance.instanceId),
    ...parentAnswer(instance, new Date(now), {
      failure: `Orchestrator function '${instance.name}' was replaced by a new start of its id`,
    }),
  ];
}

function childrenEnd(instance: Instance, history: readonly HistoryEvent[], timestamp: Date, how: string): Outgoing[] {
  return openChildren(history).map(({ InstanceId, EventId }) => {
    const order: HistoryEvent = {
      EventType: EventType.ExecutionTerminated,
      ...arrival(timestamp),
      Input: JSON.stringify(`The parent orchestration '${instance.instanceId}' was ${how}.`),
    };
    return instanceMessage(InstanceId, order, childExecution(instance.executionId, EventId));
  });
}

function openChildren(history: readonly HistoryEvent[]): SubOrchestrationInstanceCreated[] {
  const open = new Map<number, SubOrchestrationInstanceCreated>();
  for (const event of history) {
    if (event.EventType === EventType.SubOrchestrationInstanceCreated) open.set(event.EventId, event);
    else if ('TaskScheduledId' in event) open.delete(event.TaskScheduledId);
  }
  return [...open.values()];
}

/** Deterministic, so that a start delivered twice is known as the same one. */
export function childExecution(executionId: string, taskId: number): string {
  return `${executionId}-${taskId}`;
}

/** Fails an instance whose orchestrator was not run, or must not run. */
export function failEpisode(
  instance: Instance,
  history: readonly HistoryEvent[],
  plan: EpisodePlan,
  error: ReplayError,
  now: number,
): EpisodeResult {
  const result: EpisodeResult = { ...openResult(instance, plan, now), fault: error };
  end(result, history, 'Failed', failureText(instance.name, error.message), -1, plan.events[0]!.Timestamp);
  return result;
}

/** The reason text of a failed orchestrator, as a parent and the status see it. */
function failureText(name: string, message: string): string {
  return `Orchestrator function '${name}' failed: ${message}`;
}

export function timerTag(executionId: string, id: number): string {
  return `timer:${executionId}:${id}`;
}

function failed(input: EpisodeInput, timestamp: Date, error: ReplayError): EpisodeResult {
  const result: EpisodeResult = { ...openResult(input.instance, input.plan, input.now), fault: error };
  end(
    result,
    input.history,
    'Failed',
    failureText(input.instance.name, input.outcome.error ?? error.message),
    -1,
    timestamp,
  );
  return result;
}

function end(
  result: EpisodeResult,
  history: readonly HistoryEvent[],
  status: 'Completed' | 'Failed' | 'Terminated',
  output: string | null,
  eventId: number,
  timestamp: Date,
): void {
  const { instance } = result;
  // A failure text and a terminate reason are plain text: stored as JSON like every other output.
  const text = status === 'Failed' && output !== null ? JSON.stringify(output) : output;
  instance.status = status;
  instance.output = text;
  result.append.push({
    EventType: EventType.ExecutionCompleted,
    EventId: eventId,
    IsPlayed: false,
    Timestamp: timestamp,
    OrchestrationStatus: status,
    Result: text,
  });
  result.outgoing.push(...releasesAtEnd([...history, ...result.append], instance.instanceId));
  result.outgoing.push(
    ...parentAnswer(
      instance,
      timestamp,
      status === 'Completed'
        ? { result: text ?? 'null' }
        : {
            failure: status === 'Failed' ? (output ?? '') : `Orchestrator function '${instance.name}' was terminated`,
          },
    ),
  );
}

/** Tells the parent of a sub-orchestration how it ended. */
function parentAnswer(
  { parent }: Instance,
  timestamp: Date,
  how: { result: string } | { failure: string },
): Outgoing[] {
  if (parent === null) return [];
  const base = { ...arrival(timestamp), TaskScheduledId: parent.TaskScheduleId };
  const event: HistoryEvent =
    'result' in how
      ? { ...base, EventType: EventType.SubOrchestrationInstanceCompleted, Result: how.result }
      : { ...base, EventType: EventType.SubOrchestrationInstanceFailed, Reason: how.failure, Details: '' };
  const { InstanceId, ExecutionId } = parent.OrchestrationInstance;
  return [instanceMessage(InstanceId, event, ExecutionId)];
}

function continueAsNew(result: EpisodeResult, value: unknown, input: EpisodeInput, timestamp: Date): void {
  const executionId = input.newExecutionId();
  const text = value === undefined ? null : JSON.stringify(value);
  const { instance } = result;
  instance.executionId = executionId;
  instance.input = text;
  const started: HistoryEvent = {
    EventType: EventType.ExecutionStarted,
    ...arrival(timestamp),
    Name: instance.name,
    Version: instance.version,
    Input: text,
    OrchestrationInstance: { InstanceId: instance.instanceId, ExecutionId: executionId },
  };
  if (instance.parent !== null) started.ParentInstance = instance.parent;
  result.outgoing.push(
    ...releasesAtEnd([...input.history, ...result.append], instance.instanceId),
    instanceMessage(instance.instanceId, started, executionId),
  );
  result.append = [];
  result.replaceHistory = true;
}

/** Answers a call that must not run any more. */
function spentCall(event: SchedulingEvent, { instanceId, executionId }: Instance, failure: TaskFailure): Outgoing {
  const failed: HistoryEvent = {
    EventType:
      event.EventType === EventType.TaskScheduled ? EventType.TaskFailed : EventType.SubOrchestrationInstanceFailed,
    ...arrival(event.Timestamp),
    TaskScheduledId: event.EventId,
    Reason: failure.reason,
    Details: failure.details,
  };
  return instanceMessage(instanceId, failed, executionId);
}

function outgoingFor(
  event: SchedulingEvent,
  instance: Instance,
  { canceledTimers, notBefore }: Pick<Sequenced, 'canceledTimers' | 'notBefore'>,
): Outgoing | undefined {
  const { instanceId, executionId } = instance;
  switch (event.EventType) {
    case EventType.TaskScheduled: {
      const args = JSON.parse(event.Input) as unknown[];
      const body: ActivityMessage = {
        instanceId,
        executionId,
        taskId: event.EventId,
        name: event.Name,
        input: args.length === 0 ? null : JSON.stringify(args[0]),
      };
      const due = notBefore.get(event.EventId) ?? 0;
      return { lane: 'activity', target: event.Name, due, tag: null, body: JSON.stringify(body) };
    }
    case EventType.TimerCreated: {
      if (canceledTimers.includes(event.EventId)) return undefined;
      const fired: HistoryEvent = {
        EventType: EventType.TimerFired,
        ...arrival(event.Timestamp),
        TimerId: event.EventId,
        FireAt: event.FireAt,
      };
      const message = instanceMessage(instanceId, fired, executionId);
      return { ...message, due: Date.parse(event.FireAt), tag: timerTag(executionId, event.EventId) };
    }
    case EventType.SubOrchestrationInstanceCreated: {
      const started: HistoryEvent = {
        EventType: EventType.ExecutionStarted,
        ...arrival(event.Timestamp),
        Name: event.Name,
        Version: event.Version ?? '',
        Input: event.Input,
        OrchestrationInstance: {
          InstanceId: event.InstanceId,
          ExecutionId: childExecution(executionId, event.EventId),
        },
        ParentInstance: {
          Name: instance.name,
          TaskScheduleId: event.EventId,
          OrchestrationInstance: { InstanceId: instanceId, ExecutionId: executionId },
        },
      };
      return instanceMessage(event.InstanceId, started, null);
    }
    case EventType.EventSent:
      return sentMessage(event);
  }
}

/** A release is stored in its own form, so that the entity can tell it from an operation. */
function sentMessage({ Name, InstanceId, Input }: EventSent): Outgoing {
  if (Name !== 'release') {
    const due = Name === 'op' ? 0 : Date.parse(Name.slice('op@'.length));
    return { lane: 'entity', target: InstanceId, due, tag: null, body: Input };
  }
  const { id, parent } = JSON.parse(Input) as { id: string; parent: string };
  return entityMessage(InstanceId, { release: id, parent });
}
