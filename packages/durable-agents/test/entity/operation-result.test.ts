import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readAnswerResult, writeAnswer } from '../../src/entity/operation-result.ts';
import type { JsonValue } from '../../src/json.ts';
import type { Answer } from '../../src/state/answer.ts';

describe('the result of a run', () => {
  const answers: Answer[] = [
    {
      status: 'completed',
      response: {
        text: 'x',
        messages: [{ role: 'assistant', contents: [{ type: 'text', text: 'x' }] }],
        value: false,
        agentId: 'A',
      },
    },
    {
      status: 'failed',
      error: { code: 'modelRateLimited', message: 'Slow.', retryable: true, retryAfterMs: 5, details: [1] },
    },
  ];
  for (const answer of answers) {
    it(`of a ${answer.status} turn comes back as it was`, () => {
      const result = JSON.parse(JSON.stringify(writeAnswer(answer, 'c')));
      assert.equal(result.correlationId, 'c');
      assert.deepEqual(readAnswerResult(result), answer);
    });
  }

  const foreign: [string, JsonValue | undefined, string, RegExp][] = [
    ['an error text', { error: 'It broke.', status: 'error' }, 'agentFailed', /It broke/],
    ['an unknown operation', { error: 'Unknown operation: run' }, 'agentFailed', /Unknown operation/],
    ['nothing', undefined, 'agentResultInvalid', /not an answer/],
    ['null', null, 'agentResultInvalid', /not an answer/],
    ['a text', 'hello', 'agentResultInvalid', /not an answer/],
    ['an object without messages', {}, 'agentResultInvalid', /not an answer/],
  ];
  for (const [name, result, code, message] of foreign) {
    it(`that is ${name} is a failure`, () => {
      const answer = readAnswerResult(result);
      assert.ok(answer.status === 'failed');
      assert.equal(answer.error.code, code);
      assert.match(answer.error.message, message);
    });
  }
});
