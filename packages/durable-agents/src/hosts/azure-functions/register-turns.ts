import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { Agent } from '../../agent/agent.ts';
import type { ToolCallRequest } from '../../agent/effects.ts';
import type { RunContext } from '../../agent/run-context.ts';
import { agentCallOrchestrator, callWithRetry, type RetriedCall } from '../../durable/agent-call.ts';
import { type KeepingSettings, SessionKeeping } from '../../entity/session-keeping.ts';
import { keepingSettings } from '../../entity/session-options.ts';
import { ConfigurationError } from '../../errors.ts';
import { entityName, formatSessionId, type SessionKey } from '../../ids.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import { toolStep } from '../../stream/turn-stream.ts';
import { readCarrier } from '../../telemetry/trace-context.ts';
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
import { orchestrationCalls } from './orchestration-calls.ts';
import { OrchestrationClient } from './orchestration-client.ts';
import type { AppParts } from './register-agents.ts';
import { streamOf, TurnObserver } from './turn-observer.ts';

interface StepInput extends JsonObject {
  agentName: string;
  sessionKey: string;
  correlationId: string;
  caller?: JsonValue;
  traceContext?: JsonObject;
}

/** Registers the orchestration and the activities that turns with step durability consist of, for all agents. */
export function registerTurns(
  agents: ReadonlyMap<string, { agent: Agent; keeping: KeepingSettings }>,
  { running, watching }: Pick<AppParts, 'running' | 'watching'>,
): void {
  const agentOf = (name: string): Agent => {
    const registered = agents.get(name.toLowerCase());
    if (registered !== undefined) return registered.agent;
    throw new ConfigurationError('agentNotRegistered', `There is no agent "${name}" any more.`);
  };
  const step = <Input extends StepInput>(
    nameOf: (input: Input) => string,
    run: (agent: Agent, input: Input, context: RunContext, invocation: InvocationContext) => Promise<JsonValue>,
  ) => ({
    extraInputs: [df.input.durableClient()],
    handler: (input: Input, invocation: InvocationContext): Promise<JsonValue> => {
      const agent = agentOf(input.agentName);
      const sessionId = formatSessionId(input.agentName, input.sessionKey as SessionKey);
      const { correlationId, caller } = input;
      const log = contextLogger(invocation);
      return running.during(sessionId, correlationId, async (signal) => {
        const traceContext = readCarrier(input.traceContext);
        const turn = { agent, sessionId, correlationId, traceContext, step: nameOf(input), log };
        const stream = await streamOf(watching, turn);
        const context: RunContext = {
          sessionId,
          correlationId,
          signal,
          log,
          durable: new OrchestrationClient(invocation, log),
          observer: new TurnObserver(watching, turn, stream),
          ...(caller !== undefined && { caller }),
        };
        try {
          return await run(agent, input, context, invocation);
        } finally {
          await stream?.flush();
        }
      });
    },
  });

  df.app.orchestration(turnOrchestrator, function* (context) {
    return yield* playTurn(turnCalls(context), context.df.getInput<CalledTurnInput>());
  });
  df.app.orchestration(agentCallOrchestrator, function* (context) {
    return yield* callWithRetry(orchestrationCalls(context), context.df.getInput<RetriedCall>());
  });
  df.app.activity(
    modelActivity,
    step(modelStep, async (agent, input: ModelStepInput, context, invocation) => {
      const stored = await durableClientPort(invocation).readEntityState(entityName(agent.name), input.sessionKey);
      const settings = agents.get(agent.name.toLowerCase())?.keeping ?? keepingSettings();
      const sessionId = formatSessionId(agent.name, input.sessionKey as SessionKey);
      const { log, signal } = context;
      const keeping = new SessionKeeping(settings, {
        agentName: agent.name,
        sessionId,
        now: () => new Date(),
        log,
        signal,
      });
      const outcome = await runModelStep(agent, input, await keeping.visible(keeping.parse(stored)), context);
      return context.signal.aborted ? writeModelOutcome({ ok: false, error: canceled() }) : outcome;
    }),
  );
  df.app.activity(
    toolActivity,
    step(toolStepOf, (agent, input: StepInput & { call: JsonObject }, context) =>
      runToolStep(agent, input.call, context),
    ),
  );
  df.app.activity(
    approvalActivity,
    step(otherStep, (agent, input: StepInput & { calls: JsonValue }, context) =>
      runApprovalStep(agent, input.calls, context),
    ),
  );
  df.app.activity(
    toolListActivity,
    step(otherStep, (agent, _input: StepInput, context) => runToolListStep(agent, context)),
  );
}

const modelStep = ({ iteration }: ModelStepInput) => `model-${iteration}`;
const toolStepOf = ({ call }: StepInput & { call: JsonObject }) => toolStep(call as unknown as ToolCallRequest);
const otherStep = () => 'look-up';

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
