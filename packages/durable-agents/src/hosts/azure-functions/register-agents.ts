import * as df from 'durable-functions';
import type { Agent } from '../../agent/agent.ts';
import { messageText } from '../../agent/message.ts';
import { runInline } from '../../agent/run-inline.ts';
import type { ToolDurablePort } from '../../agent/tool-durable-client.ts';
import type { TurnWaiters } from '../../client/turn-waiters.ts';
import { type OperationOutcome, performOperation } from '../../entity/agent-entity.ts';
import type { RunAgentTurn } from '../../entity/run-turn.ts';
import { type KeepingSettings, SessionKeeping } from '../../entity/session-keeping.ts';
import { AgentRunError, DurableAgentError, ModelError } from '../../errors.ts';
import { type AgentSessionId, entityFunctionName, formatSessionId, type SessionKey } from '../../ids.ts';
import type { JsonObject } from '../../json.ts';
import type { Logger } from '../../log.ts';
import { readCarrier } from '../../telemetry/trace-context.ts';
import { traceTurn } from '../../telemetry/turn-telemetry.ts';
import { canceled } from '../../turn/turn-orchestrator.ts';
import { contextLogger } from './context-logger.ts';
import { durableClientPort } from './durable-client.ts';
import { deleteEntityState, hasEntityState, readEntityState, writeEntityState } from './entity-state-store.ts';
import { OrchestrationClient } from './orchestration-client.ts';
import type { RunningSteps } from './running-steps.ts';
import { stepTurnsOf } from './step-turns.ts';
import { tellEnd, tellOnceStored } from './tell-watchers.ts';
import { streamOf, TurnObserver, type Watching } from './turn-observer.ts';
import { forgetStreams, watchSteps } from './watch-steps.ts';

/** Longest time for a turn with the summary of older exchanges behind it, in milliseconds. */
const summaryTimeoutMs = 600_000;

/** What the parts of an app in this process share. */
export interface AppParts {
  waiters: TurnWaiters;
  running: RunningSteps;
  watching: Watching;
}

/** Registers the entity of an agent: one instance a session, its operations one at a time. */
export function registerAgentEntity(
  { agent, keeping }: { agent: Agent; keeping: KeepingSettings },
  { waiters, running, watching }: AppParts,
): void {
  const handler = async (context: df.EntityContext<unknown>): Promise<void> => {
    const log = contextLogger(context);
    const key = context.df.entityKey as SessionKey;
    const sessionId = formatSessionId(agent.name, key);
    const orchestrations = new OrchestrationClient(context, log);
    const now = () => new Date();
    const operation = context.df.operationName;
    const outcome = await performOperation({
      state: () => readEntityState(context),
      input: () => context.df.getInput<unknown>(),
      operation,
      agentName: agent.name,
      sessionId,
      now,
      keeping: new SessionKeeping(keeping, {
        agentName: agent.name,
        sessionId,
        now,
        log,
        signal: AbortSignal.timeout(summaryTimeoutMs),
      }),
      runTurn: inlineTurn(agent, { log, running, watching, durable: orchestrations }),
      durability: agent.durability,
      steps: stepTurnsOf(agent, { id: sessionId, key }, (instanceId) => orchestrations.isAlive(instanceId), log),
    });
    await orchestrations.perform(outcome.actions ?? []);
    const session = { agent, sessionId, log };
    await tellOnceStored(watching, session, key, outcome, () => durableClientPort(context));
    context.df.return(outcome.result);
    // After the result: giving one makes an entity exist, also one that has no state.
    if (outcome.state !== undefined && !outcome.deleted) writeEntityState(context, outcome.state);
    else if (outcome.deleted || !hasEntityState(context)) deleteEntityState(context);
    logFailure(log, agent.name, sessionId, outcome);
    await watchSteps(watching, session, operation, context.df.getInput<unknown>(), outcome);
    if (outcome.told !== undefined) await tellEnd(watching, session, outcome.told);
    if (outcome.deleted) await forgetStreams(watching, sessionId, log);
    const { correlationId, wakes = [] } = outcome;
    for (const id of correlationId === undefined ? wakes : [correlationId, ...wakes]) waiters.wake(sessionId, id);
  };
  df.app.entity(entityFunctionName(agent.name), { extraInputs: [df.input.durableClient()], handler });
}

/** The host would cut the operation off and forget the message with it. */
function tooLong({ turnTimeoutMs }: Agent): AgentRunError {
  return new AgentRunError('turnTimeout', `The turn was not done within its time limit of ${turnTimeoutMs} ms.`, {
    fix: 'Use durability "step", or raise turnTimeoutMs; it must stay below functionTimeout of host.json.',
  });
}

interface InlineParts extends Pick<AppParts, 'running' | 'watching'> {
  log: Logger;
  durable: ToolDurablePort;
}

function inlineTurn(agent: Agent, { log, running, watching, durable }: InlineParts): RunAgentTurn {
  return ({ messages, options, sessionId, correlationId, caller, asked, traceContext }) =>
    running.during(sessionId, correlationId, async (cancel) => {
      const signal = AbortSignal.any([cancel, AbortSignal.timeout(agent.turnTimeoutMs)]);
      const added = asked === 0 ? [] : messages.slice(-asked);
      const requestText = added.map(messageText).join('\n');
      const trace = readCarrier(traceContext);
      const turn = { agent, sessionId: sessionId as AgentSessionId, correlationId, requestText, log };
      const stream = await streamOf(watching, turn);
      stream?.started({ simulated: agent.model.simulated });
      const context = {
        sessionId,
        correlationId,
        signal,
        log,
        durable,
        observer: new TurnObserver(watching, turn, stream),
        ...(caller !== undefined && { caller }),
      };
      const facts = {
        agentName: agent.name,
        agentDescription: agent.description,
        sessionId,
        correlationId,
        model: agent.model,
        messages: added,
        structured: options.responseFormat !== undefined,
        traceContext: trace,
      };
      const outcome = await traceTurn(facts, watching.telemetry, async () => {
        const ran = await runInline(agent, messages, context, options);
        // The end of the process does not pull the signal; only a caller's order and the time limit do.
        if (!signal.aborted || ran.status !== 'failed') return ran;
        return { ...ran, error: cancel.aborted ? canceled() : tooLong(agent) };
      });
      // Before the end, which is told when it is on disk.
      await stream?.flush();
      return outcome;
    });
}

function logFailure(log: Logger, agent: string, session: AgentSessionId, outcome: OperationOutcome): void {
  if (outcome.failure === undefined) return;
  const { error, cause } = outcome.failure;
  log.error('An agent turn failed.', {
    agent,
    session,
    correlationId: outcome.correlationId ?? outcome.ended?.correlationId,
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
