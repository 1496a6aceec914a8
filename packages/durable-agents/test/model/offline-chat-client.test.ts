import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { type ChatMessage, textMessage } from '../../src/agent/message.ts';
import { tool } from '../../src/agent/tool.ts';
import type { JsonObject } from '../../src/json.ts';
import { argumentsFromText } from '../../src/model/offline-tool-call.ts';
import { minimalValue } from '../../src/model/offline-value.ts';
import { OfflineChatClient } from '../../src/testing.ts';
import { joined, updatesFrom } from './sse.ts';

const model = new OfflineChatClient();

const weather = tool({
  name: 'getWeather',
  description: 'Gets the current weather for a city.',
  parameters: z.object({
    city: z.string(),
    days: z.number().int().optional(),
    unit: z.enum(['celsius', 'fahrenheit']).default('celsius'),
  }),
  execute: ({ city, days, unit }) => ({ city, days: days ?? 0, unit, sky: 'clear' }),
});
const cancelOrder = tool({ name: 'cancelOrder', description: 'Cancels an order.', execute: () => 'cancelled' });
const refundOrder = tool({ name: 'refundOrder', description: 'Pays an order back.', execute: () => 'refunded' });

function callOf(messages: ChatMessage[]) {
  const calls = messages.flatMap(({ contents }) => contents).filter((content) => content.type === 'functionCall');
  assert.ok(calls.length <= 1, 'at most one call');
  return calls[0];
}

test('an answer says that it is made up, which settings give a real one, and is marked as simulated', async () => {
  const { text, metadata } = await new Agent({ name: 'helper', model }).run('Tell me a joke');
  assert.ok(text.startsWith('[offline model] '));
  for (const part of [
    'No model is configured',
    'AZURE_OPENAI_ENDPOINT',
    'OPENAI_API_KEY',
    '"Tell me a joke"',
    'first message',
  ]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.deepEqual(metadata, { provider: 'offline', modelId: 'offline', simulated: true });
});

test('the same request gets the same answer', async () => {
  const agent = new Agent({ name: 'helper', model, tools: [weather] });
  assert.deepEqual(await agent.run('Weather in Oslo?'), await agent.run('Weather in Oslo?'));
});

test('the conversation is remembered: how many messages, the first and the previous one', async () => {
  const said = ['I am Ada.', 'I like tea.', 'And cake.'];
  const conversation = said.flatMap((text) => [textMessage('user', text), textMessage('assistant', 'Noted.')]);
  const { text } = await new Agent({ name: 'helper', model }).run([...conversation, textMessage('user', 'Who am I?')]);
  assert.match(text, /3 earlier messages/);
  assert.match(text, /first was "I am Ada\."/);
  assert.match(text, /previous one "And cake\."/);
  const second = await new Agent({ name: 'helper', model }).run([
    textMessage('user', 'I am Ada.'),
    textMessage('user', 'And?'),
  ]);
  assert.match(second.text, /1 earlier message of yours: "I am Ada\."/);
});

test('long messages are quoted in short', async () => {
  const { text } = await new Agent({ name: 'helper', model }).run([
    textMessage('user', 'a'.repeat(100_000)),
    textMessage('user', 'b'.repeat(100_000)),
  ]);
  assert.ok(text.length < 1000);
});

test('a tool whose name fits the message is called, and its result is in the answer', async () => {
  const { messages, text } = await new Agent({ name: 'helper', model, tools: [cancelOrder, weather] }).run(
    'What is the weather in New York for 3 days, in fahrenheit?',
  );
  assert.deepEqual(callOf(messages)?.arguments, { city: 'New York', days: 3, unit: 'fahrenheit' });
  assert.match(text, /Tool getWeather returned: \{"city":"New York","days":3,"unit":"fahrenheit","sky":"clear"\}/);
});

test('of several tools only the one that fits best is called', async () => {
  const agent = new Agent({ name: 'helper', model, tools: [cancelOrder, refundOrder] });
  assert.equal(callOf((await agent.run('Please refund order 7')).messages)?.name, 'refundOrder');
});

test('a message that fits no tool calls none', async () => {
  const { messages, text } = await new Agent({ name: 'helper', model, tools: [weather, cancelOrder] }).run(
    'Tell me a joke',
  );
  assert.equal(callOf(messages), undefined);
  assert.match(text, /You said/);
});

test('a tool choice of "none" is kept, one of "required" is fulfilled', async () => {
  const options = (toolChoice: 'none' | 'required') => ({
    name: 'helper',
    model,
    tools: [weather],
    options: { toolChoice },
  });
  assert.equal(callOf((await new Agent(options('none')).run('Weather in Oslo?')).messages), undefined);
  assert.equal(callOf((await new Agent(options('required')).run('Hello')).messages)?.name, 'getWeather');
});

test('a second turn calls its tool with a new id', async () => {
  const agent = new Agent({ name: 'helper', model, tools: [weather] });
  const first = textMessage('user', 'Weather in Oslo?');
  const { messages } = await agent.run(first);
  const second = await agent.run([first, ...messages, textMessage('user', 'And the weather in Rome?')]);
  assert.deepEqual(callOf(second.messages), {
    type: 'functionCall',
    callId: 'offline_2',
    name: 'getWeather',
    arguments: { city: 'Rome' },
  });
});

test('a structured answer satisfies its schema', async () => {
  const schema = z.object({
    isSpam: z.boolean(),
    reason: z.string().min(3).max(200),
    score: z.number().min(1).max(5),
    tags: z.array(z.enum(['a', 'b'])).min(1),
    nested: z.object({ id: z.uuid(), when: z.iso.datetime(), none: z.null(), kind: z.literal('x') }),
    maybe: z.string().optional(),
    either: z.union([z.string(), z.number()]),
  });
  const { value } = await new Agent({ name: 'helper', model }).run('Is this spam?', {
    responseFormat: z.toJSONSchema(schema) as JsonObject,
  });
  assert.equal(schema.safeParse(value).error, undefined);
});

test('recursive, referenced and joined schemas end in a value', () => {
  const tree = z.object({
    name: z.string(),
    get children() {
      return z.array(tree);
    },
  });
  assert.ok(tree.safeParse(minimalValue(z.toJSONSchema(tree) as JsonObject, '')).success);
  const endless = {
    $ref: '#/$defs/a',
    $defs: { a: { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, required: ['a'] } },
  };
  assert.equal(typeof minimalValue(endless, ''), 'object');
  assert.equal(minimalValue({ $ref: '#' }, ''), null);
  const joined = {
    allOf: [
      { type: 'object', properties: { a: { type: 'integer', exclusiveMinimum: 4 } }, required: ['a'] },
      { properties: { b: { enum: ['no', 'yes please'] } }, required: ['b'] },
    ],
  };
  assert.deepEqual(minimalValue(joined, 'Yes, please!'), { a: 5, b: 'yes please' });
});

const texts: [string, JsonObject, JsonObject][] = [
  [
    'Send "Hello there" to Bob',
    { properties: { body: { type: 'string' }, who: { type: 'string' } }, required: ['body', 'who'] },
    { body: 'Hello there', who: 'Bob' },
  ],
  ["It's the user's wish: 'a b'", { properties: { wish: { type: 'string' } } }, { wish: 'a b' }],
  [
    'book 2.5 hours in room 4',
    { properties: { room: { type: 'integer' }, hours: { type: 'number' } } },
    { room: 4, hours: 2.5 },
  ],
  [
    'set it to high',
    { properties: { level: { enum: ['low', 'high'] }, loud: { type: 'boolean' } }, required: ['level', 'loud'] },
    { level: 'high', loud: false },
  ],
  [
    'anything',
    { properties: { query: { type: 'string' }, note: { type: 'string' } }, required: ['query'] },
    { query: 'anything' },
  ],
  [
    'anything',
    {
      properties: { list: { type: 'array', items: { type: 'string' } }, n: { type: 'integer', minimum: 1 } },
      required: ['list', 'n'],
    },
    { list: [], n: 1 },
  ],
];
for (const [text, schema, expected] of texts) {
  test(`arguments from ${JSON.stringify(text)} are ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(argumentsFromText({ type: 'object', ...schema }, text), expected);
  });
}

test('a stream writes the same answer word by word', async () => {
  const request = { messages: [textMessage('user', 'Tell  me\na joke')], tools: [], options: {} };
  const response = await model.complete(request);
  const updates = await updatesFrom(model.stream(request));
  const [content] = response.messages[0]?.contents ?? [];
  assert.ok(content?.type === 'text');
  assert.equal(joined(updates, 'text'), content.text);
  assert.ok(updates.length > 10);
  assert.deepEqual(updates.at(-1), { type: 'response', response });
});
