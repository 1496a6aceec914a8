import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePath } from '../../src/functions/request-path.ts';
import { RouteTemplate } from '../../src/functions/route-template.ts';

type Values = Record<string, string>;

function match(template: string, path: string): Values | undefined {
  const values = new RouteTemplate(template).match(decodePath(`/${path}`) ?? assert.fail(path));
  return values && { ...values };
}

const NO = undefined;
const CASES: [template: string, path: string, values: Values | undefined][] = [
  ['', '', {}],
  ['', 'a', NO],
  ['a/b', 'A/B', {}],
  ['a/b', 'a', NO],
  ['a/b', 'a/b/c', NO],
  ['/a/', 'a', {}],
  ['{a}', 'x', { a: 'x' }],
  ['{a}', '', NO],
  ['a/{b}/c', 'a//c', NO],
  ['{a}/{b?}', 'x', { a: 'x' }],
  ['{a}/{b?}', 'x/y', { a: 'x', b: 'y' }],
  ['{a?}/{b?}', '', {}],
  ['{a=one}', '', { a: 'one' }],
  ['{a=one}', 'two', { a: 'two' }],
  ['{a=}', '', {}],
  ['x/{*rest}', 'x', {}],
  ['x/{*rest}', 'x/a/b', { rest: 'a/b' }],
  ['x/{**rest}', 'x/a/b', { rest: 'a/b' }],
  ['x/{*rest=a/b}', 'x', { rest: 'a/b' }],
  ['x/{*rest:int}', 'x/12', { rest: '12' }],
  ['x/{*rest:int}', 'x/1/2', NO],
  ['{a}.{b}', 'x.y.z', { a: 'x.y', b: 'z' }],
  ['{a}.{b}', 'x', NO],
  ['{a}.{b}', '.y', NO],
  ['{a}.{b}', 'x.', NO],
  ['{a}.{b?}', 'x', { a: 'x' }],
  ['{a}.{b?}', 'x.y', { a: 'x', b: 'y' }],
  ['{a}.{b:int?}', 'x.y', { a: 'x.y' }],
  ['v{a}', 'V1', { a: '1' }],
  ['v{a}', 'v', NO],
  ['{a}v', '1V', { a: '1' }],
  ['a{b}c{d}e', 'a1c2e', { b: '1', d: '2' }],
  ['a{b}c{d}e', 'ac2e', NO],
  ['a{b}a', 'aa', NO],
  ['{a}-{b}-{c}', 'x-y-z-w', { a: 'x-y', b: 'z', c: 'w' }],
  ['{{a}}', '{a}', {}],
  ['{a}', 'İx', { a: 'İx' }],
  ['{a}-b', 'İ-B', { a: 'İ' }],
  ['{a:int}', '-5', { a: '-5' }],
  ['{a:int}', '2147483648', NO],
  ['{a:int}', '1x', NO],
  ['{a:int?}', '', {}],
  ['{a:int=7}', '', { a: '7' }],
  ['{a:long}', '2147483648', { a: '2147483648' }],
  ['{a:long}', '9223372036854775808', NO],
  ['{a:bool}', 'TRUE', { a: 'TRUE' }],
  ['{a:bool}', 'yes', NO],
  ['{a:alpha}', 'abcZ', { a: 'abcZ' }],
  ['{a:alpha}', 'ab1', NO],
  ['{a:guid}', '8f6d7f4e-0000-4000-8000-0123456789ab', { a: '8f6d7f4e-0000-4000-8000-0123456789ab' }],
  ['{a:guid}', '8f6d7f4e000040008000 0123456789ab', NO],
  ['{a:guid}', '8f6d7f4e00004000-8000-0123456789ab', NO],
  ['{a:decimal}', '1.5', { a: '1.5' }],
  ['{a:double}', '1e5', { a: '1e5' }],
  ['{a:float}', 'x', NO],
  ['{a:datetime}', '2030-01-02', { a: '2030-01-02' }],
  ['{a:datetime}', 'soon', NO],
  ['{a:minlength(2)}', 'x', NO],
  ['{a:maxlength(2)}', 'xy', { a: 'xy' }],
  ['{a:maxlength(2)}', 'xyz', NO],
  ['{a:length(2)}', 'xy', { a: 'xy' }],
  ['{a:length(2)}', 'x', NO],
  ['{a:length(1,3)}', 'xyz', { a: 'xyz' }],
  ['{a:min(3)}', '2', NO],
  ['{a:max(3)}', '3', { a: '3' }],
  ['{a:range(1,3)}', '4', NO],
  ['{a:int:min(3)}', '3', { a: '3' }],
  ['{a:regex(^\\d{{2}}$)}', '12', { a: '12' }],
  ['{a:regex(^\\d{{2}}$)}', '123', NO],
  ['{a:regex(^(x|y):z$)}', 'Y:Z', { a: 'Y:Z' }],
  ['{a:required}', 'x', { a: 'x' }],
];

for (const [template, path, values] of CASES) {
  test(`"${template}" ${values ? 'matches' : 'does not match'} "${path}"`, () => {
    assert.deepEqual(match(template, encodeURI(path)), values);
  });
}

const INVALID = [
  '{a',
  'a}',
  '{}',
  '{a}{b}',
  '{a}/{A}',
  '{*a}/b',
  'x{*a}',
  'a//b',
  '{a:nope}',
  '{a:int(3)}',
  '{a:length}',
  '{a:length(x)}',
  '{a:range(1)}',
  '{a:regex([)}',
  '{a?}-{b}',
  'x-{a?}',
  '{a{b}}',
  '{a?x}',
];

for (const template of INVALID) {
  test(`"${template}" is refused as a route`, () => {
    assert.throws(() => new RouteTemplate(template), { code: 'invalidRoute' });
  });
}

/** A template with the values that go into it, and the path that they make. */
const builtRoute = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[a-z]{1,6}$/).map((literal) => ({ literal, value: undefined })),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((value) => ({ literal: undefined, value })),
    ),
    { maxLength: 6 },
  )
  .map((parts) => ({
    template: parts.map(({ literal }, index) => literal ?? `{p${index}}`).join('/'),
    path: parts.map(({ literal, value }) => literal ?? encodeURIComponent(value ?? '')).join('/'),
    // A slash inside a value stays escaped, a NUL is refused, and dot segments never reach a template.
    values: Object.fromEntries(
      parts.flatMap(({ value }, index) => (value === undefined ? [] : [[`p${index}`, value.replaceAll('/', '%2F')]])),
    ),
  }))
  .filter(({ path }) => !path.includes('%00'));

test('a URL that is built from a template matches it with the values it was built from', () => {
  fc.assert(
    fc.property(builtRoute, ({ template, path, values }) => {
      assert.deepEqual(match(template, path), values);
    }),
  );
});

test('a mixed segment takes linear time, however the text is repeated', () => {
  const template = new RouteTemplate('{a}-{b}-{c}-{d}-{e}x');
  assert.equal(template.match(['-'.repeat(1_000_000)]), undefined);
});

test('malformed escapes are no path', () => {
  for (const path of ['/%', '/%z', '/a/%e0%a4%a', '/%ff', '/a%00']) {
    assert.equal(decodePath(path), undefined, path);
  }
  assert.deepEqual(decodePath('/a%2fb/c%2Fd/'), ['a%2fb', 'c%2Fd']);
});
