import { createHash } from 'node:crypto';
import { checkSessionKey, type SessionKey } from '../ids.ts';

/** The entity that holds the requests of a run, keyed by the instance id of the outermost run. */
export const requestsEntity = 'dafx-workflow-requests';

/** Wakes a run: it only says "look"; what was answered is asked of the entity. */
export const answerEvent = 'WorkflowAnswer';

const functionName = /^[A-Za-z][\w-]{0,126}$/;
const instanceId = /^[A-Za-z0-9][\w:.-]{0,99}$/;

/** The orchestration that runs of a workflow are. */
export function workflowOrchestrator(workflow: string): string {
  return `dafx-${workflow}`;
}

/** The activity or the entity of an executor. Ids that functions cannot be named after are shortened to a hash. */
export function executorFunction(workflow: string, executorId: string): string {
  return `dafx-${scopedName(workflow, executorId)}`;
}

/** The name of an agent node's agent, as its sessions have it. */
export function scopedName(workflow: string, executorId: string): string {
  const plain = `${workflow}-${executorId}`;
  // Five characters for the prefix.
  return functionName.test(plain) && plain.length <= 122 ? plain : `${workflow}-${hashOf(executorId, 16)}`;
}

/** The logical id of a sub-workflow's run. */
export function childRunId(parent: string, executorId: string, ordinal: number): string {
  return `${parent}::${executorId}::${ordinal}`;
}

/** The instance of a sub-workflow's run. One that went to sleep goes on as a new instance: `round` counts them. */
export function childInstanceId(runId: string, round: number): string {
  const id = round === 0 ? runId : `${runId}::r${round}`;
  return instanceId.test(id) ? id : `dafx-${hashOf(id, 32)}`;
}

/** The session of an agent node. */
export function nodeSessionKey(runId: string, callId?: string): SessionKey {
  if (callId !== undefined) return checkSessionKey(`${hashOf(runId, 32)}-${hashOf(callId, 16)}`);
  return checkSessionKey(instanceId.test(runId) ? runId : hashOf(runId, 32));
}

function hashOf(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
