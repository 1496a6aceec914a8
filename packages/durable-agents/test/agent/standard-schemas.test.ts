import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { executeToolCall } from '../../src/agent/execute-tool-call.ts';
import { type AnyTool, tool } from '../../src/agent/tool.ts';
import type { JsonSchema } from '../../src/json.ts';
import { errorOf, runContext, toolCall } from './support.ts';
import { agentWith } from './tool-agents.ts';

interface Order {
  item: string;
  count: number;
}

const parametersJsonSchema: JsonSchema = {
  type: 'object',
  properties: { item: { type: 'string' }, count: { type: 'integer' } },
  required: ['item', 'count'],
};

/** The Standard Schema of a library that nobody has heard of; it answers later. */
const handWritten: StandardSchemaV1<unknown, Order> = {
  '~standard': {
    version: 1,
    vendor: 'nobody',
    async validate(value) {
      const { item, count } = value as Partial<Order>;
      if (typeof item !== 'string') return { issues: [{ message: 'must be a text', path: ['item'] }] };
      if (!Number.isInteger(count)) return { issues: [{ message: 'must be whole', path: [{ key: 'count' }] }] };
      return { value: { item, count: count as number } };
    },
  },
};

const base = { name: 'order', description: 'Orders.' };
/** The types of the arguments come from each schema: were one of them wrong, this would not compile. */
const text = ({ item, count }: Order) => `${count} × ${item.toUpperCase()}`;

const tools: [string, AnyTool][] = [
  ['zod', tool({ ...base, parameters: z.object({ item: z.string(), count: z.int() }), execute: (args) => text(args) })],
  [
    'arktype',
    tool({ ...base, parameters: type({ item: 'string', count: 'number.integer' }), execute: (args) => text(args) }),
  ],
  [
    'valibot',
    tool({
      ...base,
      parameters: v.object({ item: v.string(), count: v.pipe(v.number(), v.integer()) }),
      parametersJsonSchema,
      execute: (args) => text(args),
    }),
  ],
  ['a schema of its own', tool({ ...base, parameters: handWritten, parametersJsonSchema, execute: (a) => text(a) })],
];
for (const [library, order] of tools) {
  test(`a schema of ${library} validates the arguments and describes them to the model`, async () => {
    const agent = agentWith([order]);
    const run = (args: object) => executeToolCall(agent, toolCall('order', args as never), runContext());
    assert.equal(await run({ item: 'tea', count: 2 }), '2 × TEA');
    const { code, message } = errorOf(await run({ item: 'tea', count: 1.5 }));
    assert.equal(code, 'invalidArguments');
    assert.match(message, /count/);
    assert.equal(order.parametersJsonSchema.type, 'object');
    assert.deepEqual(new Set(order.parametersJsonSchema.required as string[]), new Set(['item', 'count']));
    assert.deepEqual(Object.keys(order.parametersJsonSchema.properties as object).sort(), ['count', 'item']);
  });
}

test('a schema of valibot, which does not describe itself, is refused without a JSON Schema beside it', () => {
  assert.throws(() => tool({ ...base, parameters: v.object({ item: v.string() }), execute: () => null }), {
    code: 'invalidToolParameters',
    message: /"valibot"/,
  });
});
