import { createHash } from 'node:crypto';
import { type AgentSessionId, turnInstancePrefix, turnOrchestratorName } from '../ids.ts';

/** Functions that a turn with step durability consists of; one of each serves all agents of an app. */
export const turnOrchestrator = turnOrchestratorName;
export const modelActivity = 'dafx-turn-model';
export const toolActivity = 'dafx-turn-tool';
export const approvalActivity = 'dafx-turn-approval-need';
export const toolListActivity = 'dafx-turn-tools';

/** Events that a turn's orchestration is sent. They only say "look": what counts is in the session's state. */
export const turnEvents = { start: 'TurnStart', decided: 'TurnDecided', cancel: 'TurnCancel' } as const;

/** The id of a turn's orchestration: the same for the same turn, and good for URLs whatever the session is called. */
export function turnInstanceId(sessionId: AgentSessionId, correlationId: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([sessionId, correlationId]))
    .digest('hex');
  return `${turnInstancePrefix}${hash.slice(0, 32)}`;
}
