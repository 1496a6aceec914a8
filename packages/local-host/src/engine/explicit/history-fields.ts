import type { HistoryEvent } from '../history.ts';
import type { FailureDetails } from './failure-details.ts';

/** Labels of a task or an instance. */
export type Tags = Readonly<Record<string, string>>;

// What an orchestration with explicit ids has to remember, beyond what the classic protocol knows, in its events.
declare module '../history.ts' {
  interface ParentInstance {
    Version?: string;
  }
  interface ExecutionStarted {
    Tags?: Tags;
    /** ISO time. */
    ScheduledStartTime?: string;
  }
  interface ExecutionCompleted {
    FailureDetails?: FailureDetails;
  }
  interface ExecutionTerminated {
    /** Whether sub-orchestrations are to end too. */
    Recurse?: boolean;
  }
  interface TaskScheduled {
    Version?: string;
    Tags?: Tags;
  }
  interface TaskFailed {
    FailureDetails?: FailureDetails;
  }
  interface SubOrchestrationInstanceCreated {
    Tags?: Tags;
  }
  interface SubOrchestrationInstanceFailed {
    FailureDetails?: FailureDetails;
  }
  interface EventSent {
    /** The worker sent a typed entity message, and is to be answered with typed events. */
    Typed?: true;
  }
}

declare module '../instance.ts' {
  interface InstanceMessage {
    /** Only for starts: events that stand right behind it. */
    carryover?: readonly HistoryEvent[];
  }
  interface ActivityMessage {
    version?: string;
    tags?: Tags;
  }
}
