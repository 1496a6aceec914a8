import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@cfworker/json-schema';
import { z } from 'zod';
import type { JsonSchema, JsonValue } from '../../src/json.ts';
import { namedSchema } from '../../src/model/strict-schema.ts';
import { unwrapValue, wrapSchema } from '../../src/model/structured-schema.ts';

const closed = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

test('a schema of an object is left as it is, and its answers too', () => {
  const schema = closed({ value: { type: 'string' } });
  assert.deepEqual(wrapSchema(schema), { schema, isWrapped: false });
  assert.deepEqual(unwrapValue({ value: 'x' }, false), { value: 'x' });
});

const tree = z.object({
  name: z.string(),
  get children() {
    return z.array(tree);
  },
});
const wrapped: [string, JsonSchema, JsonValue, JsonValue][] = [
  ['a number', { type: 'number' }, 3, 'x'],
  ['a list', { type: 'array', items: { type: 'string' } }, ['a'], [1]],
  ['a choice', { anyOf: [closed({ a: { type: 'string' } }), { type: 'null' }] }, null, 1],
  ['an object or null', { type: ['object', 'null'] }, null, 1],
  ['a reference to a definition', { $ref: '#/$defs/Id', $defs: { Id: { type: 'integer' } } }, 7, 'x'],
  [
    'old definitions',
    { type: 'array', items: { $ref: '#/definitions/Id' }, definitions: { Id: { type: 'integer' } } },
    [7],
    ['x'],
  ],
  [
    'a definition that refers to the whole',
    {
      type: 'array',
      items: { $ref: '#/$defs/Node' },
      $defs: { Node: { type: 'object', properties: { kids: { $ref: '#' } }, required: ['kids'] } },
    },
    [{ kids: [{ kids: [] }] }],
    [{ kids: [1] }],
  ],
  ['a list that holds itself', { type: 'array', items: { $ref: '#' } }, [[], [[]]], [1]],
  [
    'a reference into the schema',
    { type: 'array', prefixItems: [{ type: 'integer' }], items: { $ref: '#/prefixItems/0' } },
    [1, 2],
    [1, 'x'],
  ],
  [
    'definitions that refer to each other',
    z.toJSONSchema(z.array(tree)) as JsonSchema,
    [{ name: 'a', children: [{ name: 'b', children: [] }] }],
    [{ name: 'a', children: [1] }],
  ],
];
for (const [name, original, good, bad] of wrapped) {
  test(`${name} becomes the field "value" of an object that means the same`, () => {
    const { schema, isWrapped } = wrapSchema(original);
    assert.ok(isWrapped);
    assert.equal(schema.type, 'object');
    const validator = new Validator(schema as object, '2020-12');
    assert.ok(validator.validate({ value: good }).valid);
    assert.ok(!validator.validate({ value: bad }).valid);
    assert.ok(!validator.validate({}).valid);
    assert.deepEqual(unwrapValue({ value: good }, true), good);
    assert.deepEqual(unwrapValue(good, true), good, 'an answer without the wrapping');
  });
}

test('values that look like nothing are unwrapped too', () => {
  for (const value of [null, false, 0, '', []]) assert.deepEqual(unwrapValue({ value }, true), value);
});

const strict: [string, JsonSchema][] = [
  ['a closed object', closed({ a: { type: 'string', description: 'A.' }, b: { type: ['number', 'null'] } })],
  ['nested ones', closed({ a: { type: 'array', items: closed({ b: { enum: ['x'] } }) } })],
  ['a property named like a keyword', closed({ not: { type: 'string' }, oneOf: { type: 'string' } })],
  ['definitions', closed({ a: { $ref: '#/$defs/B' } }, { $defs: { B: closed({ c: { const: 1 } }) } })],
  ['a wrapped number', wrapSchema({ type: 'number' }).schema],
];
for (const [name, schema] of strict) {
  test(`${name} is sent as strict`, () => {
    assert.equal(namedSchema(schema, 'openai').strict, true);
    assert.equal(namedSchema(schema, 'azure-openai').strict, true);
  });
}

const loose: [string, JsonSchema][] = [
  ['an open object', { ...closed({}), additionalProperties: true }],
  ['an object that says nothing of it', { type: 'object', properties: {} }],
  ['an optional property', { ...closed({ a: { type: 'string' } }), required: [] }],
  [
    'an optional property deep inside',
    closed({ a: { type: 'array', items: { ...closed({ b: { type: 'string' } }), required: [] } } }),
  ],
  ['an open definition', closed({ a: { $ref: '#/$defs/B' } }, { $defs: { B: { type: 'object' } } })],
  ['a map', closed({ a: { type: 'object', additionalProperties: { type: 'string' } } })],
  ['anything', closed({ a: {} })],
  ['a schema that is a boolean', closed({ a: true })],
  ['a list of anything', closed({ a: { type: 'array' } })],
  ['oneOf', closed({ a: { oneOf: [{ type: 'string' }] } })],
  ['allOf', closed({ a: { allOf: [{ type: 'string' }], type: 'string' } })],
  ['a default', closed({ a: { type: 'string', default: 'x' } })],
  [
    'a reference with a description',
    closed({ a: { $ref: '#/$defs/B', description: 'x' } }, { $defs: { B: { type: 'string' } } }),
  ],
  ['a choice at the top', closed({}, { anyOf: [closed({})] })],
  ['a number at the top', { type: 'number' }],
];
for (const [name, schema] of loose) {
  test(`${name} is not sent as strict`, () => {
    assert.equal(namedSchema(schema, 'openai').strict, false);
  });
}

test('limits of numbers, texts and lists are strict at OpenAI and not at Azure', () => {
  const schema = z.toJSONSchema(
    z.object({ a: z.int(), b: z.string().regex(/x/), c: z.array(z.string()).min(1) }),
  ) as JsonSchema;
  assert.equal(namedSchema(schema, 'openai').strict, true);
  assert.equal(namedSchema(schema, 'azure-openai').strict, false);
});

test('the name of a schema is made of its title', () => {
  assert.equal(namedSchema({ title: 'My answer!' }, 'openai').name, 'My_answer_');
  assert.equal(namedSchema({ title: 'x'.repeat(100) }, 'openai').name.length, 64);
  assert.equal(namedSchema({}, 'openai').name, 'answer');
});
