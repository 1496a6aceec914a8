import type { FailureDetails } from './explicit/failure-details.ts';

/**
 * History events of an orchestration, in the wire form of Durable Functions' out-of-process protocol. The engine keeps
 * that form everywhere, so a history reaches the SDK without any mapping.
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
  /** Not part of the SDK's protocol, which passes over it: a failed instance was told to try again. */
  ExecutionRewound: 21,
} as const;

export interface EventBase {
  /** Sequence id for events that schedule something, else -1. */
  EventId: number;
  IsPlayed: boolean;
  Timestamp: Date;
}

/** Labels of a task or an instance. */
export type Tags = Readonly<Record<string, string>>;

export interface OrchestrationInstanceRef {
  InstanceId: string;
  ExecutionId: string;
}

/** Where a sub-orchestration reports its end. */
export interface ParentInstance {
  Name: string;
  Version?: string;
  TaskScheduleId: number;
  OrchestrationInstance: OrchestrationInstanceRef;
}

export interface ExecutionStarted extends EventBase {
  EventType: 0;
  Name: string;
  Version: string;
  /** JSON text. */
  Input: string | null;
  OrchestrationInstance: OrchestrationInstanceRef;
  ParentInstance?: ParentInstance;
  Tags?: Tags;
  /** ISO time. */
  ScheduledStartTime?: string;
}

export interface ExecutionCompleted extends EventBase {
  EventType: 1;
  OrchestrationStatus: string;
  Result: string | null;
  FailureDetails?: FailureDetails;
}

export interface ExecutionTerminated extends EventBase {
  EventType: 3;
  /** The reason, as JSON text. */
  Input: string | null;
  /** Whether sub-orchestrations are to end too. */
  Recurse?: boolean;
}

export interface TaskScheduled extends EventBase {
  EventType: 4;
  Name: string;
  Version?: string;
  /** JSON array with the one argument. */
  Input: string;
  Tags?: Tags;
}

export interface TaskCompleted extends EventBase {
  EventType: 5;
  TaskScheduledId: number;
  /** JSON text; empty for none, which only workers that speak protobuf can say. */
  Result: string;
}

export interface TaskFailed extends EventBase {
  EventType: 6;
  TaskScheduledId: number;
  Reason: string;
  Details: string;
  FailureDetails?: FailureDetails;
}

export interface SubOrchestrationInstanceCreated extends EventBase {
  EventType: 7;
  Name: string;
  Version?: string;
  InstanceId: string;
  Input: string | null;
  Tags?: Tags;
}

export interface SubOrchestrationInstanceCompleted extends EventBase {
  EventType: 8;
  TaskScheduledId: number;
  Result: string;
}

export interface SubOrchestrationInstanceFailed extends EventBase {
  EventType: 9;
  TaskScheduledId: number;
  Reason: string;
  Details: string;
  FailureDetails?: FailureDetails;
}

export interface TimerCreated extends EventBase {
  EventType: 10;
  /** ISO time. */
  FireAt: string;
}

export interface TimerFired extends EventBase {
  EventType: 11;
  TimerId: number;
  FireAt: string;
}

export interface OrchestratorStarted extends EventBase {
  EventType: 12;
}

export interface OrchestratorCompleted extends EventBase {
  EventType: 13;
}

/**
 * A message to an entity, or an event for another orchestration. To an entity, `Input` is the message as JSON text; its
 * `id` links the answer.
 */
export interface EventSent extends EventBase {
  EventType: 14;
  InstanceId: string;
  Name: string;
  Input: string;
  /** The worker sent a typed entity message, and is to be answered with typed events. */
  Typed?: true;
}

export interface EventRaised extends EventBase {
  EventType: 15;
  Name: string;
  /** JSON text; null if there is none. */
  Input: string | null;
}

export interface ExecutionSuspended extends EventBase {
  EventType: 19;
  Reason: string | null;
}

export interface ExecutionResumed extends EventBase {
  EventType: 20;
  Reason: string | null;
}

export interface ExecutionRewound extends EventBase {
  EventType: 21;
  Reason: string | null;
}

export type HistoryEvent =
  | ExecutionStarted
  | ExecutionCompleted
  | ExecutionTerminated
  | TaskScheduled
  | TaskCompleted
  | TaskFailed
  | SubOrchestrationInstanceCreated
  | SubOrchestrationInstanceCompleted
  | SubOrchestrationInstanceFailed
  | TimerCreated
  | TimerFired
  | OrchestratorStarted
  | OrchestratorCompleted
  | EventSent
  | EventRaised
  | ExecutionSuspended
  | ExecutionResumed
  | ExecutionRewound;

/** What every event has that no action of the orchestrator scheduled. */
export function arrival(time: Date): EventBase {
  return { EventId: -1, IsPlayed: false, Timestamp: time };
}

/** Events that the orchestrator's own actions produce; each carries a sequence id. */
export type SchedulingEvent = TaskScheduled | SubOrchestrationInstanceCreated | TimerCreated | EventSent;

export function isSchedulingEvent(event: HistoryEvent): event is SchedulingEvent {
  switch (event.EventType) {
    case EventType.TaskScheduled:
    case EventType.SubOrchestrationInstanceCreated:
    case EventType.TimerCreated:
    case EventType.EventSent:
      return true;
    default:
      return false;
  }
}

/** The stored form of an event. Whether it was played is known from where it stands, so that is not stored. */
export function encodeEvent(event: HistoryEvent): string {
  return JSON.stringify({ ...event, IsPlayed: undefined, Timestamp: timeText(event.Timestamp) });
}

let lastTime = Number.NaN;
let lastText: string | null = null;

/** As in JSON. The events of a step mostly have one time, and its text takes longer than all the rest of an event. */
function timeText(time: Date): string | null {
  const ms = time.getTime();
  if (ms !== lastTime) {
    lastTime = ms;
    lastText = time.toJSON();
  }
  return lastText;
}

/** Reads a stored event; whatever is in the store has been played. */
export function decodeEvent(text: string): HistoryEvent {
  const event = JSON.parse(text) as HistoryEvent;
  event.Timestamp = new Date(event.Timestamp);
  event.IsPlayed = true;
  return event;
}
