import type { MessageTable } from './field-spec.ts';

/** What an orchestrator asks for. */
export const actionMessages = {
  ScheduleTaskAction: {
    name: [1, 'string'],
    version: [2, 'StringValue'],
    input: [3, 'StringValue'],
    tags: [4, 'string', 'map'],
    parentTraceContext: [5, 'TraceContext'],
  },
  CreateSubOrchestrationAction: {
    instanceId: [1, 'string'],
    name: [2, 'string'],
    version: [3, 'StringValue'],
    input: [4, 'StringValue'],
    parentTraceContext: [5, 'TraceContext'],
    tags: [6, 'string', 'map'],
  },
  CreateTimerAction: { fireAt: [1, 'Timestamp'] },
  SendEventAction: { instance: [1, 'OrchestrationInstance'], name: [2, 'string'], data: [3, 'StringValue'] },
  CompleteOrchestrationAction: {
    orchestrationStatus: [1, 'int32'],
    result: [2, 'StringValue'],
    details: [3, 'StringValue'],
    newVersion: [4, 'StringValue'],
    carryoverEvents: [5, 'HistoryEvent', 'repeated'],
    failureDetails: [6, 'TaskFailureDetails'],
    tags: [7, 'string', 'map'],
  },
  TerminateOrchestrationAction: { instanceId: [1, 'string'], reason: [2, 'StringValue'], recurse: [3, 'bool'] },
  SendEntityMessageAction: {
    entityOperationSignaled: [1, 'EntityOperationSignaledEvent'],
    entityOperationCalled: [2, 'EntityOperationCalledEvent'],
    entityLockRequested: [3, 'EntityLockRequestedEvent'],
    entityUnlockSent: [4, 'EntityUnlockSentEvent'],
  },
  RewindOrchestrationAction: { newHistory: [1, 'HistoryEvent', 'repeated'] },
  OrchestratorAction: {
    id: [1, 'int32'],
    scheduleTask: [2, 'ScheduleTaskAction'],
    createSubOrchestration: [3, 'CreateSubOrchestrationAction'],
    createTimer: [4, 'CreateTimerAction'],
    sendEvent: [5, 'SendEventAction'],
    completeOrchestration: [6, 'CompleteOrchestrationAction'],
    terminateOrchestration: [7, 'TerminateOrchestrationAction'],
    sendEntityMessage: [8, 'SendEntityMessageAction'],
    rewindOrchestration: [9, 'RewindOrchestrationAction'],
  },
} as const satisfies MessageTable;
