import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { utf8Bytes } from '../../src/agent/bound-text.ts';
import { executeToolCall } from '../../src/agent/execute-tool-call.ts';
import { tool } from '../../src/agent/tool.ts';
import { errorOf, runContext, toolCall } from './support.ts';
import { agentWith, echoAgent } from './tool-agents.ts';

test('valid arguments reach the tool as the output of its schema', async () => {
  const add = tool({
    name: 'add',
    description: 'Adds.',
    parameters: z.object({ a: z.coerce.number(), b: z.number().default(10) }),
    execute: ({ a, b }) => a + b,
  });
  assert.equal(await executeToolCall(agentWith([add]), toolCall('add', { a: '5' }), runContext()), 15);
});

for (const empty of [undefined, '', ' \n', {}]) {
  test(`arguments ${JSON.stringify(empty)} count as an empty object`, async () => {
    const { agent, calls } = echoAgent();
    assert.deepEqual(await executeToolCall(agent, toolCall('echo', empty), runContext()), {});
    assert.deepEqual(calls, [{}]);
  });
}

const wrong = ['{"{"city":"x"}', 'null', '[]', '"x"', '7', 'x'.repeat(2_000_000), '{"city":1}', '['.repeat(200_000)];
for (const written of wrong) {
  test(`arguments ${written.slice(0, 16)} give a bounded error and no call`, async () => {
    const { agent, calls } = echoAgent();
    const result = await executeToolCall(agent, toolCall('echo', written), runContext());
    assert.equal(errorOf(result).code, 'invalidArguments');
    assert.match(errorOf(result).message, /"echo" was not called/);
    assert.ok(utf8Bytes(JSON.stringify(result)) <= 1024);
    assert.deepEqual(calls, []);
  });
}

test('arguments that are a JSON object in text are taken', async () => {
  const { agent } = echoAgent();
  assert.deepEqual(await executeToolCall(agent, toolCall('echo', '{"city":"Oslo"}'), runContext()), { city: 'Oslo' });
});

test('a __proto__ key in the arguments does not reach the tool', async () => {
  let seen: object = {};
  const agent = agentWith([
    tool({
      name: 'take',
      description: 'Takes.',
      parameters: { type: 'object' },
      execute: (args) => {
        seen = { ...args };
        return Object.keys(args);
      },
    }),
  ]);
  const text = '{"a":{"__proto__":{"admin":true}},"__proto__":{"admin":true}}';
  for (const written of [text, JSON.parse(text)]) {
    assert.deepEqual(await executeToolCall(agent, toolCall('take', written), runContext()), ['a']);
    assert.equal(JSON.stringify(seen), '{"a":{}}');
  }
});

test('the problem of each argument is named', async () => {
  const { agent } = echoAgent();
  const result = await executeToolCall(agent, toolCall('echo', { city: 7 }), runContext());
  assert.match(errorOf(result).message, /city: /);
});

const plainSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    id: { type: 'integer', minimum: 1 },
    size: { enum: ['small', 'large'] },
    tags: { type: 'array', items: { $ref: '#/definitions/tag' }, maxItems: 2 },
    note: {},
  },
  required: ['id', 'note'],
  additionalProperties: false,
  definitions: { tag: { type: 'string', pattern: '^[a-z]+$' } },
};

function plainAgent() {
  return agentWith([
    tool({ name: 'take', description: 'Takes.', parameters: plainSchema, execute: (args) => Object.keys(args) }),
  ]);
}

test('arguments that fit a plain JSON Schema reach the tool as they are', async () => {
  const args = { id: 1, note: null, size: 'small', tags: ['a', 'b'] };
  assert.deepEqual(await executeToolCall(plainAgent(), toolCall('take', args), runContext()), Object.keys(args));
});

const misfits: [object, RegExp][] = [
  [{ id: 1 }, /"note"/],
  [{ id: '1', note: 1 }, /#\/id.*"integer"/],
  [{ id: 0, note: 1 }, /#\/id/],
  [{ id: 1, note: 1, size: 'huge' }, /#\/size.*small/],
  [{ id: 1, note: 1, tags: ['a', 'B'] }, /#\/tags\/1/],
  [{ id: 1, note: 1, tags: ['a', 'b', 'c'] }, /#\/tags/],
  [{ id: 1, note: 1, more: true }, /more/],
];
for (const [args, problem] of misfits) {
  test(`a plain JSON Schema refuses ${JSON.stringify(args)} and says where`, async () => {
    const result = await executeToolCall(plainAgent(), toolCall('take', args as never), runContext());
    assert.equal(errorOf(result).code, 'invalidArguments');
    assert.match(errorOf(result).message, problem);
  });
}

test('a plain JSON Schema that is broken fails the call and not the run', async () => {
  const parameters = { type: 'object', properties: { id: { $ref: '#/definitions/none' } } };
  const agent = agentWith([tool({ name: 'take', description: 'Takes.', parameters, execute: () => 'called' })]);
  const { code, message } = errorOf(await executeToolCall(agent, toolCall('take', { id: 1 }), runContext()));
  assert.equal(code, 'toolFailed');
  assert.match(message, /Unresolved \$ref/);
});
