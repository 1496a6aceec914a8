import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeConflicts } from '../../src/functions/route-conflicts.ts';
import { Router } from '../../src/functions/router.ts';
import { httpFunction } from './fixtures/fake-app.ts';

const conflicts = (...routes: [name: string, route: string | undefined, methods?: string[]][]) =>
  routeConflicts(
    new Router(
      routes.map(([name, route, methods = ['GET']]) =>
        httpFunction(name, { methods, ...(route !== undefined && { route }) }),
      ),
    ).routes,
  );

test('two functions with one route and method are named, the one that answers first', () => {
  const [warning, ...more] = conflicts(['first', 'items'], ['second', 'Items', ['get', 'POST']]);
  assert.deepEqual(more, []);
  assert.match(
    warning ?? '',
    /^Functions "first" and "second" both answer GET \/api\/Items\. "first" was registered first/,
  );
});

test('the names of parameters make no difference, their constraints do', () => {
  assert.equal(conflicts(['a', 'x/{id}'], ['b', 'x/{key}']).length, 1);
  assert.equal(conflicts(['a', 'x/{*rest}'], ['b', 'x/{*path}']).length, 1);
  assert.equal(conflicts(['a', 'x/{id:int}'], ['b', 'x/{key:int}']).length, 1);
  assert.deepEqual(conflicts(['a', 'x/{id:int}'], ['b', 'x/{id:guid}']), []);
  assert.deepEqual(conflicts(['a', 'x/{id}'], ['b', 'x/{*id}']), []);
});

test('other methods, other routes and names as routes are told apart', () => {
  assert.deepEqual(conflicts(['a', 'x', ['GET']], ['b', 'x', ['POST']], ['c', 'x/y'], ['d', undefined]), []);
  assert.equal(conflicts(['a', undefined], ['b', 'A']).length, 1);
});

test('a function that is reached in no way is told for each that is in its place', () => {
  const warnings = conflicts(['get', 'x', ['GET']], ['post', 'x', ['POST']], ['both', 'x', ['GET', 'POST']]);
  assert.deepEqual(
    warnings.map((warning) => warning.split('. ')[0]),
    ['Functions "get" and "both" both answer GET /api/x', 'Functions "post" and "both" both answer POST /api/x'],
  );
});
