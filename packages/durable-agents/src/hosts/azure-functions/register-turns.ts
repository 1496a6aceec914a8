import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { Agent } from '../../agent/agent.ts';
import type { RunContext } from '../../agent/run-context.ts';
import { ConfigurationError } from '../../errors.ts';
import { entityName, formatSessionId, type SessionKey } from '../../ids.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import { writeModelOutcome } from '../../turn/step-outcome.ts';
import { type ModelStepInput, runApprovalStep, runModelStep, runToolListStep, runToolStep } from '../../turn/steps.ts';
import type { CalledTurnInput, TurnCalls } from '../../turn/turn-calls.ts';
import {
  approvalActivity,
  modelActivity,
  toolActivity,
  toolListActivity,
  turnOrchestrator,
} from '../../turn/turn-names.ts';
import { canceled, playTurn } from '../../turn/turn-orchestrator.ts';
import { contextLogger } from './context-logger.ts';
import { durableClientPort } from './durable-client.ts';
import { OrchestrationClient } from './orchestration-client.ts';
import type { RunningSteps } from './running-steps.ts';

interface StepInput extends JsonObject {
  agentName: string;
  sessionKey: string;
  correlationId: string;
  caller?: JsonValue;
}

/** Registers the orchestration and the activities that turns with step durability consist of, for all agents. */
export function registerTurns(agents: ReadonlyMap<string, { agent: Agent }>, running: RunningSteps): void {
  const agentOf = (name: string): Agent => {
    const registered = agents.get(name.toLowerCase());
    if (registered !== undefined) return registered.agent;
    throw new ConfigurationError('agentNotRegistered', `There is no agent "${name}" any more.`);
  };
  const step = <Input extends StepInput>(
    run: (agent: Agent, input: Input, context: RunContext, invocation: InvocationContext) => Promise<JsonValue>,
  ) => ({
    extraInputs: [df.input.durableClient()],
    handler: (input: Input, invocation: InvocationContext): Promise<JsonValue> => {
      const sessionId = formatSessionId(input.agentName, input.sessionKey as SessionKey);
      const { correlationId } = input;
      const log = contextLogger(invocation);
      return running.during(sessionId, correlationId, (signal) =>
        run(
          agentOf(input.agentName),
          input,
          stepContext(input, { sessionId, correlationId, signal, log }, invocation),
          invocation,
        ),
      );
    },
  });

  df.app.orchestration(turnOrchestrator, function* (context) {
    return yield* playTurn(turnCalls(context), context.df.getInput<CalledTurnInput>());
  });
  df.app.activity(
    modelActivity,
    step(async (agent, input: ModelStepInput, context, invocation) => {
      const state = await durableClientPort(invocation).readEntityState(entityName(agent.name), input.sessionKey);
      const outcome = await runModelStep(agent, input, state, context);
      return context.signal.aborted ? writeModelOutcome({ ok: false, error: canceled() }) : outcome;
    }),
  );
  df.app.activity(
    toolActivity,
    step((agent, input: StepInput & { call: JsonObject }, context) => runToolStep(agent, input.call, context)),
  );
  df.app.activity(
    approvalActivity,
    step((agent, input: StepInput & { calls: JsonValue }, context) => runApprovalStep(agent, input.calls, context)),
  );
  df.app.activity(
    toolListActivity,
    step((agent, _input: StepInput, context) => runToolListStep(agent, context)),
  );
}

function stepContext({ caller }: StepInput, base: RunContext, invocation: InvocationContext): RunContext {
  return { ...base, durable: new OrchestrationClient(invocation), ...(caller !== undefined && { caller }) };
}

function turnCalls({ df: durable }: df.OrchestrationContext): TurnCalls<df.Task> {
  return {
    instanceId: durable.instanceId,
    now: () => durable.currentUtcDateTime.getTime(),
    callEntity: (name, key, operation, input) => durable.callEntity(new df.EntityId(name, key), operation, input),
    callActivity: (name, input) => durable.callActivity(name, input),
    waitForEvent: (name) => durable.waitForExternalEvent(name),
    timer: (at) => durable.createTimer(new Date(at)),
    all: (tasks) => durable.Task.all(tasks),
    any: (tasks) => durable.Task.any(tasks),
  };
}
