import * as df from 'durable-functions';
import type { Agent } from '../../agent/agent.ts';
import { runInline } from '../../agent/run-inline.ts';
import type { ToolDurablePort } from '../../agent/tool-durable-client.ts';
import type { TurnWaiters } from '../../client/turn-waiters.ts';
import { type OperationOutcome, performOperation } from '../../entity/agent-entity.ts';
import type { RunAgentTurn } from '../../entity/run-turn.ts';
import { DurableAgentError, ModelError } from '../../errors.ts';
import { type AgentSessionId, entityFunctionName, formatSessionId, type SessionKey } from '../../ids.ts';
import type { JsonObject } from '../../json.ts';
import type { Logger } from '../../log.ts';
import { canceled } from '../../turn/turn-orchestrator.ts';
import { contextLogger } from './context-logger.ts';
import { readEntityState, writeEntityState } from './entity-state-store.ts';
import { OrchestrationClient } from './orchestration-client.ts';
import type { RunningSteps } from './running-steps.ts';
import { stepTurnsOf } from './step-turns.ts';

/** Registers the entity of an agent: one instance a session, its operations one at a time. */
export function registerAgentEntity(agent: Agent, waiters: TurnWaiters, running: RunningSteps): void {
  const handler = async (context: df.EntityContext<unknown>): Promise<void> => {
    const log = contextLogger(context);
    const key = context.df.entityKey as SessionKey;
    const sessionId = formatSessionId(agent.name, key);
    const orchestrations = new OrchestrationClient(context);
    const outcome = await performOperation({
      state: () => readEntityState(context),
      input: () => context.df.getInput<unknown>(),
      operation: context.df.operationName,
      agentName: agent.name,
      sessionId,
      now: () => new Date(),
      runTurn: inlineTurn(agent, log, running, orchestrations),
      durability: agent.durability,
      steps: stepTurnsOf(agent, { id: sessionId, key }, (instanceId) => orchestrations.isAlive(instanceId), log),
    });
    await orchestrations.perform(outcome.actions ?? []);
    if (outcome.state !== undefined) writeEntityState(context, outcome.state);
    context.df.return(outcome.result);
    logFailure(log, agent.name, sessionId, outcome);
    const { correlationId, wakes = [] } = outcome;
    for (const id of correlationId === undefined ? wakes : [correlationId, ...wakes]) waiters.wake(sessionId, id);
  };
  df.app.entity(entityFunctionName(agent.name), { extraInputs: [df.input.durableClient()], handler });
}

function inlineTurn(agent: Agent, log: Logger, running: RunningSteps, durable: ToolDurablePort): RunAgentTurn {
  return ({ messages, options, sessionId, correlationId, caller }) =>
    running.during(sessionId, correlationId, async (signal) => {
      const context = { sessionId, correlationId, signal, log, durable, ...(caller !== undefined && { caller }) };
      const outcome = await runInline(agent, messages, context, options);
      // The end of the process does not pull the signal; only a caller's order does.
      return signal.aborted && outcome.status === 'failed' ? { ...outcome, error: canceled() } : outcome;
    });
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
