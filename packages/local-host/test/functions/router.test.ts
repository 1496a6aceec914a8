import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Router, type RouterOptions } from '../../src/functions/router.ts';
import { httpFunction } from './fixtures/fake-app.ts';

function router(routes: Record<string, [route: string | undefined, methods?: string[]]>, options?: RouterOptions) {
  const functions = Object.entries(routes).map(([name, [route, methods]]) =>
    httpFunction(name, { ...(route !== undefined && { route }), ...(methods && { methods }) }),
  );
  return new Router(functions, options);
}

const pick = (from: Router, path: string, method = 'GET'): string | undefined =>
  from.match(method, path === '' ? [] : path.split('/'))?.route.fn.name;

test('the most specific route wins, whatever the order of registration', () => {
  const all = router({
    rest: ['items/{*rest}'],
    any: ['items/{id}'],
    mixed: ['items/x{id}'],
    number: ['items/{id:int}'],
    fixed: ['items/new'],
    deeper: ['items/{id}/parts'],
  });
  assert.equal(pick(all, 'api/items/new'), 'fixed');
  assert.equal(pick(all, 'api/items/12'), 'number');
  assert.equal(pick(all, 'api/items/x1'), 'mixed');
  assert.equal(pick(all, 'api/items/other'), 'any');
  assert.equal(pick(all, 'api/items/other/parts'), 'deeper');
  assert.equal(pick(all, 'api/items/other/else'), 'rest');
});

test('routes of one shape are told apart by method, then by order', () => {
  const all = router({ read: ['x/{a}', ['get']], write: ['x/{b}', ['POST', 'put']], late: ['x/{c}', ['GET']] });
  assert.equal(pick(all, 'api/x/1'), 'read');
  assert.equal(pick(all, 'api/x/1', 'PUT'), 'write');
  assert.equal(pick(all, 'api/x/1', 'DELETE'), undefined);
});

test('without a route the name is the route; without methods GET and POST are', () => {
  const all = router({ hello: [undefined, []] });
  assert.equal(pick(all, 'api/HELLO'), 'hello');
  assert.equal(pick(all, 'api/hello', 'POST'), 'hello');
  assert.equal(pick(all, 'api/hello', 'PUT'), undefined);
});

test('the prefix can be another one, or none', () => {
  assert.equal(pick(router({ a: ['x'] }, { routePrefix: '/v1/app/' }), 'v1/app/x'), 'a');
  assert.equal(pick(router({ a: ['x'] }, { routePrefix: '' }), 'x'), 'a');
  assert.equal(pick(router({ a: [''] }, { routePrefix: '' }), ''), 'a');
  assert.equal(router({ a: ['/x/{y}'] }).routes[0]?.path, '/api/x/{y}');
});

test('a disabled function is not found, though its route is more specific', () => {
  const all = router({ off: ['x/y'], on: ['x/{z}'] }, { isDisabled: (fn) => fn.name === 'off' });
  assert.equal(pick(all, 'api/x/y'), undefined);
  assert.equal(pick(all, 'api/x/z'), 'on');
});

test('a function whose route cannot be served is left out with the reason, the others are served', () => {
  const all = router({ bad: ['{'], reserved: ['admin/x'], runtime: ['Runtime'], good: ['x'] }, { routePrefix: '' });
  assert.deepEqual(
    all.problems.map(({ fn, error }) => [fn.name, error.code]),
    [
      ['bad', 'invalidRoute'],
      ['reserved', 'reservedRoute'],
      ['runtime', 'reservedRoute'],
    ],
  );
  assert.equal(pick(all, 'x'), 'good');
});
