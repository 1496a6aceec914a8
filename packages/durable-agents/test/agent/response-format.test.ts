import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { formatJsonSchema } from '../../src/agent/response-format.ts';
import { scriptedModel } from '../../src/model/scripted-chat-client.ts';

const agent = (...answers: string[]) => new Agent({ name: 'Planner', model: scriptedModel(answers) });

describe('a run with a schema as its response format', () => {
  it('gives a typed value, with defaults and transformations', async () => {
    const schema = z.object({ city: z.string(), days: z.number().default(2), on: z.string().transform(Number) });
    const { value, text } = await agent('{"city":"Gdańsk","on":"7"}').run('Plan', { responseFormat: schema });
    // Were the types wrong, this would not compile.
    const typed: { city: string; days: number; on: number } = value;
    assert.deepEqual(typed, { city: 'Gdańsk', days: 2, on: 7 });
    assert.equal(text, '{"city":"Gdańsk","on":"7"}');
  });

  it('takes schemas of other libraries, and of other things than objects', async () => {
    const list: string[] = (await agent('{"value":["a","b"]}').run('List', { responseFormat: z.array(z.string()) }))
      .value;
    assert.deepEqual(list, ['a', 'b']);
    const ark: { city: string } = (await agent('{"city":"X"}').run('Go', { responseFormat: type({ city: 'string' }) }))
      .value;
    assert.deepEqual(ark, { city: 'X' });
    const plain = await agent('{"city":"X"}').run('Go', { responseFormat: { type: 'object' } });
    assert.deepEqual(plain.value, { city: 'X' });
  });

  it('has the model repair what JSON Schema can see', async () => {
    const model = scriptedModel(['{"city":5}', '{"city":"X"}']);
    const repaired = await new Agent({ name: 'Planner', model }).run('Go', {
      responseFormat: z.object({ city: z.string() }),
    });
    assert.equal(repaired.value.city, 'X');
    assert.equal(model.requests.length, 2);
  });

  it('fails by a rule that JSON Schema cannot say, with what is wrong and where', async () => {
    const schema = z.object({ city: z.string().refine((city) => city !== 'Atlantis', 'no such city') });
    await assert.rejects(agent('{"city":"Atlantis"}').run('Go', { responseFormat: schema }), {
      code: 'invalidStructuredOutput',
      message: /city: no such city/,
    });
  });

  it('waits for a schema that answers later', async () => {
    const later = {
      '~standard': {
        version: 1 as const,
        vendor: 'nobody',
        validate: async (value: unknown) => ({ value: Object.keys(value as object) }),
        jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'array' }) },
      },
    } as StandardSchemaV1<unknown, string[]>;
    const { value } = await agent('{"a":1}').run('Go', { responseFormat: later });
    assert.deepEqual(value, ['a']);
  });

  it('is refused before a model is asked if it has no JSON Schema', async () => {
    for (const responseFormat of [v.object({ city: v.string() }), z.object({ on: z.date() })]) {
      const model = scriptedModel([]);
      await assert.rejects(new Agent({ name: 'Planner', model }).run('Go', { responseFormat }), {
        code: 'invalidResponseFormat',
      });
      assert.equal(model.requests.length, 0);
    }
  });

  it('is converted once', () => {
    const schema = z.object({ city: z.string() });
    assert.equal(formatJsonSchema(schema), formatJsonSchema(schema));
  });
});
