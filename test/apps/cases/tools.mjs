import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { agentTool, tool } from 'durable-agents';

const file = (name) => join(process.env.FOLDER, name);

const failures = {
  error: () => new Error('first line\nsecond line\nthird line', { cause: new TypeError('the reason behind it') }),
  text: () => 'only a text',
  nothing: () => undefined,
  object: () => ({ reason: 'an object' }),
  many: () => new AggregateError([new Error('one of many'), new Error('another')], 'many'),
};

export const tools = [
  tool({
    name: 'say',
    description: 'Says something, after a while.',
    parameters: {
      type: 'object',
      properties: { text: { type: 'string' }, ms: { type: 'number' } },
      required: ['text'],
    },
    execute: async ({ text, ms = 0 }) => {
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      appendFileSync(file('said.log'), `${text}\n`);
      return text;
    },
  }),
  tool({
    name: 'fill',
    description: 'Gives a long text.',
    parameters: { type: 'object', properties: { length: { type: 'number' } }, required: ['length'] },
    execute: ({ length }) => 'x'.repeat(length),
  }),
  tool({
    name: 'hang',
    description: 'Never ends, and tells when it is stopped.',
    timeoutMs: 200,
    execute: (_, { signal }) => {
      signal.addEventListener('abort', () => appendFileSync(file('aborted.log'), 'aborted\n'));
      return new Promise(() => {});
    },
  }),
  tool({
    name: 'fail',
    description: 'Throws something.',
    parameters: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
    execute: ({ what }) => {
      throw failures[what]();
    },
  }),
  tool({
    name: 'charge',
    description: 'Charges a card, and takes its time to say so.',
    execute: async (_, { idempotencyKey }) => {
      appendFileSync(file('charges.log'), `${idempotencyKey}\n`);
      while (existsSync(file('hold'))) await new Promise((resolve) => setTimeout(resolve, 10));
      return 'charged';
    },
  }),
];

export const pay = tool({
  name: 'pay',
  description: 'Pays.',
  parameters: {
    type: 'object',
    properties: { amount: { type: 'number' }, approved: { type: 'boolean' } },
    required: ['amount'],
  },
  needsApproval: true,
  execute: ({ amount }) => {
    appendFileSync(file('paid.log'), `${amount}\n`);
    return `paid ${amount}`;
  },
});

export const consult = (agent) => agentTool(agent, { name: 'consult' });
export const consultAfterApproval = (agent) => agentTool(agent, { name: 'ask_first', needsApproval: true });
