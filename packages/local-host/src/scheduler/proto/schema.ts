import { actionMessages } from './action-messages.ts';
import { baseMessages } from './base-messages.ts';
import { clientMessages } from './client-messages.ts';
import { historyMessages } from './history-messages.ts';
import { workMessages } from './work-messages.ts';

/** All messages of the durable task sidecar protocol. It has no proto package, so names are as they stand here. */
export const schema = { ...baseMessages, ...historyMessages, ...actionMessages, ...workMessages, ...clientMessages };

/** Messages of which at most one field is set: the name of that choice, and the fields that are not part of it. */
export const choices = {
  Value: { name: 'kind', besides: [] },
  HistoryEvent: { name: 'eventType', besides: ['eventId', 'timestamp'] },
  SendEntityMessageAction: { name: 'messageType', besides: [] },
  OrchestratorAction: { name: 'actionType', besides: ['id'] },
  OperationResult: { name: 'resultType', besides: [] },
  OperationAction: { name: 'actionType', besides: ['id'] },
  WorkItem: { name: 'request', besides: ['completionToken'] },
  PurgeInstancesRequest: { name: 'request', besides: ['recursive', 'isOrchestration'] },
} as const;

export const OrchestrationStatus = {
  Running: 0,
  Completed: 1,
  ContinuedAsNew: 2,
  Failed: 3,
  Canceled: 4,
  Terminated: 5,
  Pending: 6,
  Suspended: 7,
} as const;

/** What a worker says it can do, in `GetWorkItemsRequest.capabilities`. */
export const WorkerCapability = { HistoryStreaming: 1, ScheduledTasks: 2, LargePayloads: 3 } as const;
