import type { Agent } from '../../agent/agent.ts';
import { resolveFor } from '../../agent/resolve-tools.ts';
import type { AgentFacts } from '../../agent/run-loop.ts';
import { readToolArguments } from '../../agent/tool-arguments.ts';
import type { StepTurns } from '../../entity/step-turns.ts';
import type { AgentSessionId, SessionKey } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { readRunOutcome } from '../../turn/step-outcome.ts';
import { toolFacts } from '../../turn/steps.ts';
import { turnEvents, turnInstanceId, turnOrchestrator } from '../../turn/turn-names.ts';

/** How the turns of an agent run as orchestrations of durable-functions. */
export function stepTurnsOf(
  agent: Agent,
  session: { id: AgentSessionId; key: SessionKey },
  isAlive: (instanceId: string) => Promise<boolean>,
  log: Logger,
): StepTurns {
  const wake: StepTurns['wake'] = (instanceId, event) => ({
    type: 'raiseEvent',
    instanceId,
    eventName: turnEvents[event],
    data: {},
  });
  return {
    starter: {
      start: ({ correlationId, instanceId }) => {
        if (typeof instanceId === 'string') return { instanceId, actions: [wake(instanceId, 'start')] };
        const id = turnInstanceId(session.id, correlationId);
        const input = { agentName: agent.name, sessionKey: session.key, correlationId };
        return {
          instanceId: id,
          actions: [{ type: 'startOrchestration', name: turnOrchestrator, instanceId: id, input }],
        };
      },
    },
    wake,
    facts: factsOf(agent),
    hasToolSources: agent.toolSources.length > 0,
    maxParallelToolCalls: agent.maxParallelToolCalls,
    approvalTimeoutMs: agent.approvalTimeoutMs,
    argumentsProblem: async (name, args) => {
      const { tools } = await resolveFor(agent, [name], { signal: AbortSignal.timeout(30_000), log });
      const tool = tools.find((candidate) => candidate.name === name);
      if (tool === undefined) return `there is no tool "${name}" any more`;
      const result = await readToolArguments(tool, args);
      return result.ok ? undefined : result.problem;
    },
    isAlive,
    readOutcome: readRunOutcome,
  };
}

/** What the run loop needs, as JSON. Instructions and schemas are the model step's affair. */
function factsOf({ name, tools, model, options, maxIterations, maxStructuredRetries }: Agent): AgentFacts {
  const { provider, modelId, simulated } = model;
  return {
    name,
    instructions: undefined,
    tools: toolFacts(tools),
    model: { provider, modelId, simulated },
    options,
    maxIterations,
    maxStructuredRetries,
  };
}
