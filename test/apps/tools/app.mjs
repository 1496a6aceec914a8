import { Agent, agentTool, durableOf, tool } from 'durable-agents';
import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { mcpTools } from 'durable-agents/mcp';
import { chatClientFromEnvironment } from 'durable-agents/openai';
import * as df from 'durable-functions';

const model = chatClientFromEnvironment();
const id = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };

const publishing = [
  tool({
    name: 'start',
    description: 'Starts to publish.',
    parameters: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
    execute: async ({ topic }, context) => ({
      id: await durableOf(context).startOrchestration('publish', { input: { topic, by: context.caller } }),
    }),
  }),
  tool({
    name: 'status',
    description: 'How far it is.',
    parameters: id,
    execute: async (args, context) => (await durableOf(context).getStatus(args.id)) ?? 'unknown',
  }),
  tool({
    name: 'approve',
    description: 'Approves.',
    parameters: id,
    execute: (args, context) => durableOf(context).raiseEvent(args.id, 'HumanApproval', { approved: true }),
  }),
];

const weather = mcpTools({
  name: 'weather',
  transport: { command: process.execPath, args: [process.env.MCP_SERVER] },
  include: ['forecast.get', 'pid'],
  needsApproval: (name) => name === 'pid',
});
const absent = mcpTools({ name: 'absent', transport: { url: 'http://127.0.0.1:1/mcp' } });

const expert = new Agent({ name: 'expert', description: 'Knows the weather.', model, tools: [weather] });

new AgentFunctionApp({
  agents: [
    new Agent({ name: 'Publisher', model, tools: publishing, durability: 'turn' }),
    new Agent({ name: 'StepPublisher', model, tools: publishing, durability: 'step' }),
    new Agent({ name: 'Guide', model, tools: [weather] }),
    new Agent({ name: 'Host', model, tools: [agentTool(expert)] }),
    new Agent({ name: 'Lost', model, tools: [absent] }),
    new Agent({ name: 'LostInTurn', model, tools: [absent], durability: 'turn' }),
  ],
  mapCaller: (request) => ({ user: request.headers.get('x-ms-client-principal-name') }),
});

df.app.orchestration('publish', function* (context) {
  const { topic, by } = context.df.getInput();
  yield context.df.waitForExternalEvent('HumanApproval');
  return `Published: ${topic}, for ${by.user}`;
});
