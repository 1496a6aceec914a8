import type { OrchestrationHandler } from 'durable-functions';
import { FunctionsCore } from '../hosts/functions-core.ts';
import type { EntityCall, EntityReply } from './orchestration-player.ts';

/** The app under test lives in a stand-in of the Functions worker, which must be there before the packages load. */
export const core = FunctionsCore.install();
const df = await import('durable-functions');
const { AgentFunctionApp } = await import('../../src/azure-functions.ts');
const { Agent } = await import('../../src/agent/agent.ts');
const { scriptedModel } = await import('../../src/model/scripted-chat-client.ts');
const { runBatch } = await import('../hosts/entity-batch.ts');
const { play } = await import('./orchestration-player.ts');

type App = InstanceType<typeof AgentFunctionApp>;
type Steps = Parameters<typeof scriptedModel>[0];

export let app: App;
/** The committed states of all sessions by entity id. */
export let states: Map<string, string>;

/** An app with a writer and a critic; each model follows its script. */
export function setUp(writer: Steps, critic: Steps = []) {
  core.functions.clear();
  states = new Map();
  const models = { writer: scriptedModel(writer), critic: scriptedModel(critic) };
  app = new AgentFunctionApp({
    // This backend starts no orchestrations.
    sessions: { ttlMs: null },
    agents: [
      new Agent({ name: 'Writer', model: models.writer, maxModelRetries: 0 }),
      new Agent({ name: 'Critic', model: models.critic, maxModelRetries: 0 }),
    ],
  });
  return models;
}

/** Answers entity calls with the app's own entities. */
async function entities(call: EntityCall): Promise<EntityReply> {
  const [, name = '', key = ''] = call.instanceId.split('@');
  const functionName = [...core.functions.keys()].find((candidate) => candidate.toLowerCase() === name) ?? name;
  const operation = { name: call.operation, input: call.input };
  const batch = await runBatch(core, functionName, key, states.get(call.instanceId), [operation]);
  if (batch.entityState !== undefined) states.set(call.instanceId, batch.entityState);
  return { result: JSON.parse(batch.results[0]?.result ?? 'null') };
}

/** Registers an orchestrator and plays it to its end. */
export function orchestrate(
  handler: OrchestrationHandler,
  input?: unknown,
  {
    reply = entities,
    order,
  }: { reply?: (call: EntityCall) => EntityReply | Promise<EntityReply>; order?: (open: number[]) => number[] } = {},
) {
  core.functions.delete('flow');
  df.app.orchestration('flow', handler);
  return play(core, 'flow', input, reply, order);
}
