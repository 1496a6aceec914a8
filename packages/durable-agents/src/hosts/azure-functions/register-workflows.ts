import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { Agent } from '../../agent/agent.ts';
import type { KeepingSettings } from '../../entity/session-keeping.ts';
import type { JsonValue } from '../../json.ts';
import { type HandlerActivityInput, runHandlerActivity } from '../../workflow-run/handler-activity.ts';
import { performDeskOperation } from '../../workflow-run/request-desk.ts';
import type { WorkflowCalls } from '../../workflow-run/workflow-calls.ts';
import {
  answerEvent,
  executorFunction,
  requestsEntity,
  scopedName,
  workflowOrchestrator,
} from '../../workflow-run/workflow-names.ts';
import { playWorkflow } from '../../workflow-run/workflow-orchestrator.ts';
import type { WorkflowSet } from '../../workflow-run/workflow-set.ts';
import { contextLogger } from './context-logger.ts';
import { orchestrationCalls } from './orchestration-calls.ts';
import { OrchestrationClient } from './orchestration-client.ts';
import { type AppParts, registerAgentEntity } from './register-agents.ts';

/** An agent of a workflow's node: the node's sessions have a name of their own. */
export interface NodeAgent {
  agent: Agent;
  keeping: KeepingSettings;
}

/** The agents of all nodes, by the lower-case name of their sessions. */
export function nodeAgents(set: WorkflowSet, keeping: KeepingSettings): Map<string, NodeAgent> {
  const agents = new Map<string, NodeAgent>();
  for (const { workflow, node } of set.nodes()) {
    if (node.kind !== 'agent') continue;
    const name = scopedName(workflow, node.id);
    // The last version stands: its turns are those of new runs.
    agents.set(name.toLowerCase(), { agent: renamed(node.executor.agent, name), keeping });
  }
  return agents;
}

/** Registers what workflows consist of: an orchestration each, activities of executors, entities of agents and requests. */
export function registerWorkflows(set: WorkflowSet, agents: ReadonlyMap<string, NodeAgent>, parts: AppParts): void {
  for (const { name } of set.families.values()) {
    df.app.orchestration(workflowOrchestrator(name), function* (context) {
      return yield* playWorkflow(workflowCalls(context), set, name, context.df.getInput());
    });
  }
  const activities = new Set<string>();
  for (const { workflow, node } of set.nodes()) {
    const name = executorFunction(workflow, node.id);
    if (node.kind === 'agent' || node.kind === 'workflow' || activities.has(name)) continue;
    activities.add(name);
    df.app.activity(name, {
      handler: (input: HandlerActivityInput, invocation: InvocationContext): Promise<JsonValue> =>
        parts.running.during(...runningRun(input.runId), (signal) =>
          runHandlerActivity(set, workflow, input, { log: contextLogger(invocation), signal }),
        ),
    });
  }
  for (const node of agents.values()) registerAgentEntity(node, parts);
  registerRequests();
}

/** What a run's executors run as, for those who stop it. Sub-workflows have runs of their own. */
export function runningRun(runId: string): [string, string] {
  return [`workflow ${runId}`, 'run'];
}

/** The entity that holds the requests of runs. Events are sent before its state is stored: a lost one would be for ever. */
function registerRequests(): void {
  df.app.entity(requestsEntity, {
    extraInputs: [df.input.durableClient()],
    handler: async (context: df.EntityContext<unknown>): Promise<void> => {
      const { operationName = '', entityKey } = context.df;
      const stored = context.df.getState(() => undefined);
      const { desk, result, wake } = performDeskOperation(stored, operationName, context.df.getInput());
      if (wake) {
        const client = new OrchestrationClient(context, contextLogger(context));
        await client.perform([{ type: 'raiseEvent', instanceId: entityKey, eventName: answerEvent, data: {} }]);
      }
      context.df.return(result ?? null);
      if (desk !== undefined) context.df.setState(desk);
      else if (stored === undefined) context.df.destructOnExit();
    },
  });
}

function workflowCalls(context: df.OrchestrationContext): WorkflowCalls<df.Task> {
  const { df: durable } = context;
  return {
    ...orchestrationCalls(context),
    now: () => durable.currentUtcDateTime.getTime(),
    callActivity: (name, input) => durable.callActivity(name, input),
    callChild: (name, instanceId, input) => durable.callSubOrchestrator(name, input, instanceId),
    waitForEvent: (name) => durable.waitForExternalEvent(name),
    timer: (at) => durable.createTimer(new Date(at)),
    all: (tasks) => durable.Task.all(tasks),
    any: (tasks) => durable.Task.any(tasks),
    setCustomStatus: (status) => durable.setCustomStatus(status),
    continueAsNew: (input) => durable.continueAsNew(input),
  };
}

/** The same agent under another name. An agent has no private state. */
function renamed(agent: Agent, name: string): Agent {
  return Object.create(agent, { name: { value: name, enumerable: true } }) as Agent;
}
