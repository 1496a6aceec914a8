import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, tool } from 'durable-agents';
import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { chatClientFromEnvironment } from 'durable-agents/openai';
import * as df from 'durable-functions';

const model = chatClientFromEnvironment();
/** A line for each time a tool takes effect, outside of the process. */
const effect = (name, context) =>
  appendFileSync(join(process.env.EFFECTS, 'effects.log'), `${name} ${context.idempotencyKey}\n`);

const act = (name) =>
  tool({
    name,
    description: `Does ${name}.`,
    parameters: { type: 'object', properties: { ms: { type: 'number' } } },
    execute: async (args, context) => {
      effect(name, context);
      const quick = existsSync(join(process.env.EFFECTS, 'no-waiting'));
      await new Promise((resolve) => setTimeout(resolve, quick ? 0 : (args.ms ?? 0)));
      return { done: name };
    },
  });

const refund = tool({
  name: 'refund',
  description: 'Pays money back.',
  parameters: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] },
  needsApproval: ({ amount }) => amount > 100,
  execute: ({ amount }, context) => {
    effect(`refund-${amount}`, context);
    return { refunded: amount };
  },
});

const app = new AgentFunctionApp({
  agents: [
    new Agent({ name: 'Worker', model, tools: [act('one'), act('two'), act('three')] }),
    new Agent({
      name: 'Cashier',
      model,
      tools: [refund],
      approvalTimeoutMs: Number(process.env.APPROVAL_MS ?? 60_000),
    }),
    new Agent({ name: 'Talker', model }),
  ],
});

df.app.orchestration('asks', function* (context) {
  const { agent, messages } = context.df.getInput();
  const worker = app.getAgent(context, agent);
  const session = worker.createSession();
  const answers = yield context.df.Task.all(messages.map((message) => worker.run(message, { session })));
  return answers.map(({ text }) => text);
});
