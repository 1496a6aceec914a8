import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { type AnyTool, tool } from '../../src/agent/tool.ts';
import { ConfigurationError } from '../../src/errors.ts';
import type { JsonObject } from '../../src/json.ts';

const base = { name: 'lookup', description: 'Looks up.', execute: () => null };

test('the JSON Schema for the model comes from the schema itself', () => {
  const lookup = tool({
    ...base,
    parameters: z.object({ city: z.string().describe('City name'), days: z.number().int().default(3) }),
  });
  assert.deepEqual(lookup.parametersJsonSchema, {
    type: 'object',
    properties: {
      city: { type: 'string', description: 'City name' },
      days: { type: 'integer', default: 3, minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    },
    required: ['city'],
  });
});

test('a plain JSON Schema is taken as it is', () => {
  const parameters = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };
  assert.deepEqual(tool({ ...base, parameters }).parametersJsonSchema, parameters);
});

test('a tool without parameters takes an empty object', () => {
  assert.deepEqual(tool(base).parametersJsonSchema, { type: 'object', properties: {} });
});

const opaque: StandardSchemaV1<unknown, { id: string }> = {
  '~standard': { version: 1, vendor: 'opaque', validate: (value) => ({ value: value as { id: string } }) },
};

test('a schema that cannot convert itself is refused with the name of the option that helps', () => {
  assert.throws(
    () => tool({ ...base, parameters: opaque }),
    (error: unknown) =>
      error instanceof ConfigurationError &&
      error.code === 'invalidToolParameters' &&
      error.message.includes('"opaque"') &&
      error.fix?.includes('parametersJsonSchema') === true,
  );
});

test('an explicit JSON Schema stands in for a schema that cannot convert itself', () => {
  const parametersJsonSchema = { type: 'object', properties: { id: { type: 'string' } } };
  assert.deepEqual(
    tool({ ...base, parameters: opaque, parametersJsonSchema }).parametersJsonSchema,
    parametersJsonSchema,
  );
});

test('a schema type that JSON cannot carry is refused when the tool is defined', () => {
  assert.throws(() => tool({ ...base, parameters: z.object({ when: z.date() }) }), /tool "lookup".*Date/);
});

test('parameters that are no object are refused', () => {
  assert.throws(() => tool({ ...base, parameters: z.string() }), { code: 'invalidToolParameters' });
  assert.throws(() => tool({ ...base, parameters: 'string' as unknown as JsonObject }), {
    code: 'invalidToolParameters',
  });
});

for (const name of ['', 'with space', 'ä', 'a.b', 'x'.repeat(65), 42 as unknown as string]) {
  test(`the tool name ${JSON.stringify(name).slice(0, 20)} is refused`, () => {
    assert.throws(() => tool({ ...base, name }), { code: 'invalidToolName' });
  });
}

test('description, execute and timeoutMs are checked with the name of the field', () => {
  assert.throws(() => tool({ ...base, description: ' ' }), /tool "lookup": description/);
  assert.throws(() => tool({ ...base, execute: 'no' as unknown as () => null }), /tool "lookup": execute/);
  for (const timeoutMs of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
    assert.throws(() => tool({ ...base, timeoutMs }), /tool "lookup": timeoutMs/);
  }
});

test('the types of the arguments come from the schema, without generics', () => {
  const forecast = tool({
    name: 'forecast',
    description: 'Forecast.',
    parameters: z.object({
      city: z.string(),
      days: z.coerce.number().default(3),
      at: z.string().transform((s) => s.length),
    }),
    execute: (args, context) => {
      const city: string = args.city;
      const days: number = args.days;
      const length: number = args.at;
      const key: string = context.idempotencyKey;
      // @ts-expect-error the output of the schema has no such property
      args.country;
      // @ts-expect-error days is a number
      const wrong: string = args.days;
      // @ts-expect-error the context is read-only
      context.callId = '';
      return { city, days, length, key, wrong };
    },
  });
  // @ts-expect-error execute wants the schema's output
  const badArguments: Parameters<typeof forecast.execute>[0] = { city: 1, days: 1, at: 1 };
  assert.ok(badArguments);
  const result: { days: number } = forecast.execute({ city: 'Oslo', days: 2, at: 4 }, {} as never);
  assert.equal(result.days, 2);
});

test('a plain JSON Schema types the arguments as a JSON object', () => {
  const lookup = tool({
    ...base,
    parameters: { type: 'object' },
    execute: (args) => {
      const typed: JsonObject = args;
      // @ts-expect-error a property of a JSON object is not known to be a string
      const id: string = args.id;
      return [typed, id];
    },
  });
  assert.deepEqual(lookup.execute({ id: 'x' }, {} as never), [{ id: 'x' }, 'x']);
});

test('an execute function that wants other arguments than the schema gives does not compile', () => {
  const lookup = tool({
    ...base,
    parameters: z.object({ id: z.string() }),
    // @ts-expect-error the schema gives a string
    execute: (args: { id: number }) => args.id,
  });
  assert.equal(lookup.name, 'lookup');
});

test('tools of different arguments fit into one list', () => {
  const tools: AnyTool[] = [tool(base), tool({ ...base, name: 'b', parameters: z.object({ n: z.number() }) })];
  assert.equal(tools.length, 2);
});
