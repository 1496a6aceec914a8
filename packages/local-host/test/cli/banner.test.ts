import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderBanner } from '../../src/cli/banner.ts';
import { toRegisteredFunction } from '../../src/functions/registered-function.ts';
import { Router } from '../../src/functions/router.ts';
import { httpFunction } from '../functions/fixtures/fake-app.ts';

const other = (name: string, type: string) =>
  toRegisteredFunction({ name, bindings: { t: { type } } }, () => undefined);

test('HTTP functions are listed with methods and URL, then the others with their trigger', () => {
  const functions = [
    other('twice', 'orchestrationTrigger'),
    httpFunction('zeta'),
    httpFunction('alpha', { route: 'items/{id:int?}', methods: ['put'] }),
    httpFunction('off'),
    other('double', 'activityTrigger'),
  ];
  const router = new Router(functions, { isDisabled: (fn) => fn.name === 'off' });
  assert.deepEqual(renderBanner(functions, router, 'http://localhost:7071').split(/\n+/), [
    '',
    'Functions:',
    '\talpha: [PUT] http://localhost:7071/api/items/{id:int?}',
    '\toff: disabled',
    '\tzeta: [GET,POST] http://localhost:7071/api/zeta',
    '\tdouble: activityTrigger',
    '\ttwice: orchestrationTrigger',
    '',
  ]);
});

test('names cannot send control codes to the terminal or add lines', () => {
  const functions = [other('a\u001b]0;x\u0007\nb\u202e', 'x\u009bTrigger')];
  const text = renderBanner(functions, new Router(functions), 'http://localhost');
  assert.ok(text.includes('\ta\\x1b]0;x\\x07\\nb\\u202e: x\\x9bTrigger\n'), JSON.stringify(text));
});
