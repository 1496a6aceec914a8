import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Agent, keepAll, keepLast, keepWhatFits, SqliteHistory, tool } from 'durable-agents';
import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { chatClientFromEnvironment } from 'durable-agents/openai';
import * as df from 'durable-functions';
import { z } from 'zod';

const model = chatClientFromEnvironment();
const folder = process.env.FOLDER;
const { retention, keep, context, history, ...settings } = JSON.parse(process.env.SESSIONS ?? '{}');
const policies = { keepAll, keepLast: () => keepLast(keep), keepWhatFits };

const note = tool({
  name: 'note',
  description: 'Writes a note.',
  parameters: { type: 'object', properties: { text: { type: 'string' }, long: { type: 'number' } } },
  execute: ({ text, long = 0 }) => {
    appendFileSync(join(folder, 'notes.log'), `${text}\n`);
    return { noted: text, more: '.'.repeat(long) };
  },
});

const ask = tool({ name: 'ask', description: 'Needs a person.', needsApproval: true, execute: () => 'done' });

/** A store that tells when a turn is in it, and holds there as long as it is told to. */
class HeldHistory extends SqliteHistory {
  async append(session, turn) {
    await super.append(session, turn);
    appendFileSync(join(folder, 'appended.log'), `${turn.correlationId}\n`);
    while (existsSync(join(folder, 'hold'))) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const sessions = {
  ...settings,
  ...(retention && { retention: policies[retention]() }),
  ...(context && { context: keepLast(context) }),
  ...(history && { history: { ...history, provider: new HeldHistory(new DatabaseSync(join(folder, 'history.db'))) } }),
};

const caller = tool({ name: 'caller', description: 'Says who asks.', execute: (_, context) => context.caller ?? null });

const app = new AgentFunctionApp({
  agents: [
    new Agent({ name: 'Talker', model, tools: [note, caller], durability: 'turn', maxModelRetries: 0 }),
    new Agent({ name: 'Stepper', model, tools: [note, ask, caller], durability: 'step', maxModelRetries: 0 }),
  ],
  sessions,
});

/** A rule that JSON Schema cannot say, a default and a transformation. */
const format = z.object({
  city: z.string().refine((city) => city !== 'Atlantis', 'no such city'),
  days: z.number().default(2),
  on: z.iso.date().transform((text) => new Date(text)),
});

df.app.orchestration('plan', function* (context) {
  const { agent, message, session, typed, ...options } = context.df.getInput();
  const run = { ...options, ...(typed && { responseFormat: format }) };
  try {
    const durable = app.getAgent(context, agent);
    const response = yield* durable.run(message, { ...run, session: durable.createSession(session) });
    const { value } = response;
    return { text: response.text, ...(typed && { city: value.city, days: value.days, year: value.on.getFullYear() }) };
  } catch (error) {
    return { code: error.code, agent: error.agent, retryable: error.retryable, correlationId: error.correlationId };
  }
});
