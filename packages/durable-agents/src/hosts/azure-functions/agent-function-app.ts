import { app } from '@azure/functions';
import type { OrchestrationContext, Task } from 'durable-functions';
import { TurnWaiters } from '../../client/turn-waiters.ts';
import { DurableAgent } from '../../durable/durable-agent.ts';
import { keepingSettings } from '../../entity/session-options.ts';
import { ConfigurationError } from '../../errors.ts';
import {
  type AgentFunctionAppOptions,
  checkAgents,
  checkHttpOptions,
  type RegisteredAgent,
  watchingOf,
} from './app-options.ts';
import { keepStateText } from './entity-state-store.ts';
import { registerHealthTrigger, registerRunTrigger, registerUnknownAgentTrigger } from './http-triggers.ts';
import { orchestrationCalls } from './orchestration-calls.ts';
import { type AppParts, registerAgentEntity } from './register-agents.ts';
import { registerTurns } from './register-turns.ts';
import { nodeAgents, registerWorkflows, runningRun } from './register-workflows.ts';
import { RunningSteps } from './running-steps.ts';
import { registerSessionExpiry, registerSessionTriggers } from './session-triggers.ts';
import { registerStreamTrigger } from './stream-triggers.ts';
import { registerTurnTriggers } from './turn-triggers.ts';
import { checkWorkflows } from './workflow-options.ts';
import { registerWorkflowTriggers } from './workflow-triggers.ts';

/**
 * Makes every agent a durable entity (`dafx-{agent}`), one instance a session, and gives it `POST agents/{agent}/run`;
 * makes every workflow a durable orchestration (`dafx-{workflow}`), with `POST workflows/{workflow}/run`.
 * Construct it once, while the app's files are loaded.
 */
export class AgentFunctionApp {
  readonly #agents: ReadonlyMap<string, RegisteredAgent>;

  /** @throws ConfigurationError if the agents or options cannot be used. */
  constructor(options: AgentFunctionAppOptions) {
    const http = checkHttpOptions(options);
    this.#agents = checkAgents(options);
    const agents = [...this.#agents.values()];
    const workflows = checkWorkflows(
      options.workflows ?? [],
      options.enableHttp ?? true,
      agents.map(({ agent }) => agent.name),
    );
    const withHttp = agents.filter(({ enableHttp }) => enableHttp);
    const parts: AppParts = { waiters: new TurnWaiters(), running: new RunningSteps(), watching: watchingOf(options) };
    const { waiters, running } = parts;

    if (http.enableStreaming) app.setup({ enableHttpStream: true });
    keepStateText();
    for (const registered of agents) registerAgentEntity(registered, parts);
    registerSessionExpiry();
    const inWorkflows = nodeAgents(workflows.set, keepingSettings(options.sessions));
    registerTurns(new Map([...this.#agents, ...inWorkflows]), parts);
    if (workflows.set.families.size > 0) registerWorkflows(workflows.set, inWorkflows, parts);
    for (const [name, { enableHttp, exposeStatusEndpoint }] of workflows.settings) {
      const family = workflows.set.families.get(name);
      if (enableHttp && family !== undefined) {
        const stopHere = (runId: string) => void running.abort(...runningRun(runId));
        registerWorkflowTriggers(family, http, { exposeStatusEndpoint, stopHere });
      }
    }
    for (const registered of withHttp) {
      registerRunTrigger(registered, http, parts);
      registerTurnTriggers(registered, http, waiters, running);
      if (http.enableStreaming) registerStreamTrigger(registered, http, parts);
      registerSessionTriggers(registered, http, running);
    }
    if (withHttp.length > 0) {
      registerUnknownAgentTrigger(
        withHttp.map(({ agent }) => agent.name),
        http,
      );
    }
    if (options.enableHealthCheck ?? true)
      registerHealthTrigger(
        agents,
        [...workflows.settings].map(([name, { enableHttp }]) => ({
          name: workflows.set.families.get(name)?.name ?? name,
          enableHttp,
        })),
        http,
      );
  }

  /**
   * An agent inside an orchestration: `const answer = yield* app.getAgent(context, 'Writer').run('…')`.
   *
   * @throws ConfigurationError `agentNotRegistered` that names the agents there are.
   */
  getAgent(context: OrchestrationContext, name: string): DurableAgent<Task> {
    const registered = this.#agents.get(name.toLowerCase());
    if (registered !== undefined) {
      const { name: registeredName, durability } = registered.agent;
      return new DurableAgent(registeredName, orchestrationCalls(context), durability);
    }
    const names = [...this.#agents.values()].map(({ agent }) => agent.name).join(', ');
    throw new ConfigurationError('agentNotRegistered', `There is no agent "${name}". Registered: ${names}.`, {
      fix: 'Use one of these names, or pass the agent to AgentFunctionApp.',
    });
  }
}
