import type { Agent } from '../../agent/agent.ts';
import { describeError } from '../../agent/describe-error.ts';
import type { RunOutcome } from '../../agent/effects.ts';
import type { DurableClientPort } from '../../client/durable-client-port.ts';
import type { OperationOutcome } from '../../entity/agent-entity.ts';
import { endedTurns, type ToldTurn, tellOperation } from '../../entity/tell-turn.ts';
import { DurableAgentError } from '../../errors.ts';
import { type AgentSessionId, entityName, type SessionKey } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { persistently } from './persistently.ts';
import { streamOf, type Watching } from './turn-observer.ts';

interface WatchedSession {
  agent: Agent;
  sessionId: AgentSessionId;
  log: Logger;
}

/**
 * Sees to it that those who watch the turns that an operation has ended are told once the operation is on disk: the
 * session gets a message that comes after it. One that is sent for an operation that is never committed finds nothing.
 */
export async function tellOnceStored(
  watching: Watching,
  { agent, sessionId, log }: WatchedSession,
  key: SessionKey,
  outcome: OperationOutcome,
  port: () => DurableClientPort,
): Promise<void> {
  for (const correlationId of endedTurns(outcome)) {
    const isHeard = watching.handler?.onResponse !== undefined;
    if (!isHeard && !(await isRead(watching, { sessionId, correlationId }))) continue;
    try {
      await persistently(() => port().signalEntity(entityName(agent.name), key, tellOperation, { correlationId }));
    } catch (error) {
      // Readers find the end in the session, later; the turn must not fail for them.
      log.error('Those who watch a turn could not be told of its end.', { correlationId, error: describeError(error) });
    }
  }
}

/** The end of a turn, as it is on disk. */
export async function tellEnd(watching: Watching, session: WatchedSession, told: ToldTurn): Promise<void> {
  const { correlationId, requestText } = told;
  const stream = await streamOf(watching, { ...session, correlationId, requestText, step: 'end' });
  await stream?.done(outcomeOf(told));
}

function outcomeOf({ answer, usage }: ToldTurn): RunOutcome {
  if (answer.status === 'completed') return answer;
  const { code, message } = answer.error;
  return { status: 'failed', error: new DurableAgentError(code, message), messages: [], ...(usage && { usage }) };
}

async function isRead({ store }: Watching, key: { sessionId: AgentSessionId; correlationId: string }) {
  // A store that cannot say may have readers.
  return store.exists(key).catch(() => true);
}
