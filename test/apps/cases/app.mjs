import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { app as functions } from '@azure/functions';
import { Agent, SqliteHistory } from 'durable-agents';
import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { chatClientFromEnvironment } from 'durable-agents/openai';
import * as df from 'durable-functions';
import { consult, consultAfterApproval, pay, tools } from './tools.mjs';

const model = chatClientFromEnvironment();
const { agentOptions, ...options } = JSON.parse(process.env.OPTIONS ?? '{}');
const agent = (name, durability, more) => new Agent({ name, model, durability, ...agentOptions, ...more });
const history = { provider: new SqliteHistory(new DatabaseSync(join(process.env.FOLDER, 'history.db'))) };
const payer = agent('Payer', 'step', { description: 'Pays.', tools: [pay] });

const app = new AgentFunctionApp({
  agents: [
    agent('Turner', 'turn', { tools }),
    agent('Stepper', 'step', { tools }),
    payer,
    { agent: agent('Keeper', 'step', { tools: [pay] }), sessions: { history } },
    agent('Boss', 'step', {
      tools: [consult(payer), consultAfterApproval(agent('Helper', 'turn', { description: 'Helps.' }))],
    }),
    { agent: agent('Hidden', 'turn'), enableHttp: false },
  ],
  ...options,
});

df.app.orchestration('asks', function* (context) {
  const { agent: name, messages, session } = context.df.getInput();
  const asked = app.getAgent(context, name);
  const conversation = session === undefined ? undefined : asked.createSession(session);
  const answers = [];
  for (const message of messages) {
    const { text } = yield asked.run(message, { session: conversation });
    answers.push(text);
  }
  return answers;
});

df.app.orchestration('asksAll', function* (context) {
  const { agent: name, messages } = context.df.getInput();
  const asked = app.getAgent(context, name);
  const answers = yield context.df.Task.all(messages.map((message) => asked.run(message)));
  return answers.map(({ text }) => text);
});

for (const color of ['red', 'blue']) df.app.activity(color, { handler: () => color });

/** Decides by something that is not in its history. */
df.app.orchestration('fickle', function* (context) {
  const color = yield context.df.callActivity(existsSync(join(process.env.FOLDER, 'blue')) ? 'blue' : 'red');
  context.df.setCustomStatus(color);
  yield context.df.waitForExternalEvent('go');
  return color;
});

functions.timer('clock', {
  schedule: '0 0 0 1 1 *',
  extraInputs: [df.input.durableClient()],
  handler: async (_, context) => {
    const input = { agent: 'Hidden', messages: ['the clock struck'] };
    await df.getClient(context).startNew('asks', { instanceId: 'by-the-clock', input });
  },
});

functions.http('memory', { methods: ['GET'], handler: () => ({ jsonBody: process.memoryUsage().rss }) });
