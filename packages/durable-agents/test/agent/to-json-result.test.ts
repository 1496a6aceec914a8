import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundResult } from '../../src/agent/bound-result.ts';
import { utf8Bytes } from '../../src/agent/bound-text.ts';
import { NotJsonError, toJsonResult } from '../../src/agent/to-json-result.ts';
import type { JsonObject, JsonValue } from '../../src/json.ts';

class Point {
  x = 1;
  #hidden = 2;
  get sum() {
    return this.x + this.#hidden;
  }
}

const forms: [string, unknown, JsonValue][] = [
  ['undefined', undefined, null],
  ['null', null, null],
  ['a function', () => 1, null],
  ['a symbol', Symbol('s'), null],
  ['a BigInt', 12345678901234567890n, '12345678901234567890'],
  ['NaN', Number.NaN, null],
  ['Infinity', Number.POSITIVE_INFINITY, null],
  ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['an invalid Date', new Date('no'), null],
  ['a RegExp', /a+/g, '/a+/g'],
  ['an Error', new TypeError('broken'), 'broken'],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1n],
      [2, undefined],
    ]),
    { a: '1' },
  ],
  ['a Map with object keys', new Map([[{ id: 1 }, new Set([1])]]), [[{ id: 1 }, [1]]]],
  ['a Set', new Set([1, undefined, new Date(0)]), [1, null, '1970-01-01T00:00:00.000Z']],
  ['a Buffer', Buffer.from('hi'), { type: 'data', encoding: 'base64', data: 'aGk=' }],
  [
    'a view on part of a buffer',
    new Uint8Array([0, 104, 105, 0]).subarray(1, 3),
    { type: 'data', encoding: 'base64', data: 'aGk=' },
  ],
  ['an ArrayBuffer', new Uint8Array([104, 105]).buffer, { type: 'data', encoding: 'base64', data: 'aGk=' }],
  ['a class instance', new Point(), { x: 1 }],
  ['a URL (toJSON)', new URL('https://example.com/a'), 'https://example.com/a'],
  ['boxed primitives', [Object('s'), Object(1), Object(false)], ['s', 1, false]],
  ['undefined in an array', [undefined, 1], [null, 1]],
  ['holes in an array', new Array(2), [null, null]],
  ['undefined and functions in an object', { a: undefined, b: () => 1, c: 0 }, { c: 0 }],
];

for (const [name, value, expected] of forms) {
  test(`${name} has one JSON form`, () => assert.deepEqual(toJsonResult(value), expected));
}

test('an object that stands in two places is no cycle', () => {
  const shared = { n: 1 };
  assert.deepEqual(toJsonResult({ a: shared, b: [shared] }), { a: { n: 1 }, b: [{ n: 1 }] });
});

test('a property with the name of a stream method is no stream', () => {
  assert.deepEqual(toJsonResult({ pipe: 'steel', toJSON: 1 }), { pipe: 'steel', toJSON: 1 });
});

test('a __proto__ key is left out and pollutes nothing', () => {
  const result = toJsonResult(JSON.parse('{"a":1,"__proto__":{"polluted":true}}')) as JsonObject;
  assert.deepEqual(Object.keys(result), ['a']);
  assert.equal(result.polluted, undefined);
});

const circular: Record<string, unknown> = { n: 1 };
circular.self = { inner: circular };
const deep = JSON.parse('['.repeat(150) + ']'.repeat(150)) as unknown;
const refused: [string, unknown, RegExp][] = [
  ['a circular object', circular, /circular/],
  [
    'a toJSON that gives itself',
    {
      toJSON() {
        return this;
      },
    },
    /circular/,
  ],
  ['more than 100 levels', deep, /deeper/],
  ['a readable stream', Readable.from(['a']), /stream/],
  ['a web stream', new ReadableStream(), /stream/],
  ['an async generator', (async function* () {})(), /stream/],
  ['a promise inside the result', { later: Promise.resolve(1) }, /await/],
  ['an HTTP response', new Response('x'), /json\(\)/],
  ['a Blob', new Blob(['x']), /Blob/],
];

for (const [name, value, message] of refused) {
  test(`${name} is refused with advice`, () => {
    assert.throws(
      () => toJsonResult(value),
      (error: unknown) => error instanceof NotJsonError && message.test(error.message),
    );
  });
}

test('what is JSON already stays as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const json = JSON.stringify(value);
      fc.pre(!json.includes('__proto__'));
      assert.equal(JSON.stringify(toJsonResult(JSON.parse(json))), json);
    }),
  );
});

test('a negative zero is a zero, as it would be after storing', () => {
  assert.ok(Object.is(toJsonResult(-0), 0));
  assert.ok(Object.is((toJsonResult({ a: [-0] }) as { a: number[] }).a[0], 0));
});

test('any plain value gives JSON that survives a round trip', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
      (value) => {
        const result = toJsonResult(value);
        assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
      },
    ),
  );
});

test('a bounded result is itself, or an excerpt within the bound that tells the whole size', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'grapheme', maxLength: 3000 }), fc.array(fc.string({ maxLength: 400 }))),
      (value) => {
        const bounded = boundResult(value, 1024);
        const size = utf8Bytes(JSON.stringify(value));
        assert.ok(utf8Bytes(JSON.stringify(bounded)) <= 1024);
        if (size <= 1024) return assert.equal(bounded, value);
        const { truncated, totalBytes, excerpt } = bounded as {
          truncated: boolean;
          totalBytes: number;
          excerpt: string;
        };
        assert.equal(truncated, true);
        assert.equal(totalBytes, size);
        assert.ok((typeof value === 'string' ? value : JSON.stringify(value)).startsWith(excerpt));
        assert.ok(!/\p{Surrogate}/u.test(excerpt));
      },
    ),
  );
});
