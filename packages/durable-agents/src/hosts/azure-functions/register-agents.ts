import * as df from 'durable-functions';
import type { Agent } from '../../agent/agent.ts';
import { runInline } from '../../agent/run-inline.ts';
import type { TurnWaiters } from '../../client/turn-waiters.ts';
import { type OperationOutcome, performOperation } from '../../entity/agent-entity.ts';
import type { RunAgentTurn } from '../../entity/run-turn.ts';
import { DurableAgentError, ModelError } from '../../errors.ts';
import { type AgentSessionId, entityFunctionName, formatSessionId, type SessionKey } from '../../ids.ts';
import type { JsonObject } from '../../json.ts';
import type { Logger } from '../../log.ts';
import { contextLogger } from './context-logger.ts';
import { readEntityState, writeEntityState } from './entity-state-store.ts';

/** The host ends a turn by ending the process, and then delivers it again; nothing aborts it from within. */
const neverAborted = new AbortController().signal;

/** Registers the entity of an agent: one instance a session, its operations one at a time. */
export function registerAgentEntity(agent: Agent, waiters: TurnWaiters): void {
  const handler = async (context: df.EntityContext<unknown>): Promise<void> => {
    const log = contextLogger(context);
    const sessionId = formatSessionId(agent.name, context.df.entityKey as SessionKey);
    const outcome = await performOperation({
      state: () => readEntityState(context),
      input: () => context.df.getInput<unknown>(),
      operation: context.df.operationName,
      agentName: agent.name,
      sessionId,
      now: () => new Date(),
      runTurn: inlineTurn(agent, log),
    });
    if (outcome.state !== undefined) writeEntityState(context, outcome.state);
    context.df.return(outcome.result);
    logFailure(log, agent.name, sessionId, outcome);
    if (outcome.correlationId !== undefined) waiters.wake(sessionId, outcome.correlationId);
  };
  df.app.entity(entityFunctionName(agent.name), handler);
}

function inlineTurn(agent: Agent, log: Logger): RunAgentTurn {
  return ({ messages, options, sessionId, correlationId }) =>
    runInline(agent, messages, { sessionId, correlationId, signal: neverAborted, log }, options);
}

function logFailure(log: Logger, agent: string, session: AgentSessionId, outcome: OperationOutcome): void {
  if (outcome.failure === undefined) return;
  const { error, cause } = outcome.failure;
  log.error('An agent turn failed.', {
    agent,
    session,
    correlationId: outcome.correlationId,
    code: error.code,
    ...causeFields(cause),
  });
}

/** What the owner of the app needs. A provider's words are left out: they may quote what the user said. */
function causeFields(cause: unknown): JsonObject {
  if (cause instanceof ModelError) return { fix: cause.fix };
  if (DurableAgentError.is(cause)) return { error: cause.message, fix: cause.fix };
  return cause instanceof Error ? { error: cause.stack ?? cause.message } : {};
}
