import './telemetry.mjs';
import { Agent, agentTool, tool } from 'durable-agents';
import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { chatClientFromEnvironment } from 'durable-agents/openai';
import * as df from 'durable-functions';

const model = chatClientFromEnvironment();

const look = tool({
  name: 'look',
  description: 'Looks something up.',
  parameters: { type: 'object', properties: { query: { type: 'string' } } },
  execute: ({ query }, context) => {
    context.log.debug('Looking something up.');
    return { found: query };
  },
});

const breakDown = tool({
  name: 'break_down',
  description: 'Fails with whatever its libraries tell it.',
  parameters: { type: 'object', properties: { query: { type: 'string' } } },
  execute: () => {
    throw new Error(`Cannot connect with "${process.env.ORDERS_CONNECTION_STRING}", password=${process.env.CANARY}.`);
  },
});

const named = (name, durability, more) =>
  new Agent({ name, model, durability, tools: [look, breakDown], maxModelRetries: 1, ...more });

const helper = named('Helper', 'turn', { description: 'Helps.' });
const boss = new Agent({ name: 'Boss', model, durability: 'step', tools: [agentTool(helper, { name: 'ask_helper' })] });

const app = new AgentFunctionApp({
  agents: [named('Turner', 'turn'), named('Stepper', 'step'), boss],
  httpAuthLevel: 'function',
});

df.app.orchestration('asks', function* (context) {
  const { agent, message, traceContext } = context.df.getInput();
  const { text } = yield app.getAgent(context, agent).run(message, traceContext && { traceContext });
  return text;
});
