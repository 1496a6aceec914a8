import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelError } from '../../src/errors.ts';
import { type Answer, agentOf, call, completed, failed, play, requestOf, text } from './play.ts';
import { callsAndResults } from './support.ts';

test('the limit of model calls ends the run with "maxIterations" and keeps the work; the last calls are not run', () => {
  const answers = Array.from({ length: 8 }, (_, n) => ({ contents: [call(`c${n}`)], usage: { totalTokenCount: 5 } }));
  const { outcome, effects } = play(answers, agentOf({ maxIterations: 8 }));
  const { error, messages, usage } = failed(outcome);
  assert.equal(error.code, 'maxIterations');
  assert.equal(effects.filter(({ type }) => type === 'callModel').length, 8);
  assert.equal(effects.filter(({ type }) => type === 'callTools').length, 7);
  const { calls, results } = callsAndResults(messages);
  assert.equal(calls.length, 8);
  assert.deepEqual(results, calls);
  assert.match(JSON.stringify(messages.at(-1)), /notRun/);
  assert.deepEqual(usage, { totalTokenCount: 40 });
});

test('a model that fails after tools ran keeps the calls and their results', () => {
  const error = new ModelError('modelUnavailable', 'down');
  const { outcome } = play([{ contents: [call('c1')], usage: { inputTokenCount: 2 } }, error]);
  const failure = failed(outcome);
  assert.equal(failure.error, error);
  assert.deepEqual(callsAndResults(failure.messages), { calls: ['c1'], results: ['c1'] });
  assert.deepEqual(failure.usage, { inputTokenCount: 2 });
});

const unusable: [string, Answer, string, number][] = [
  ['a content filter stop', { contents: [text('par')], finishReason: 'contentFilter' }, 'modelRefused', 0],
  ['a content filter stop with calls', { contents: [call('c1')], finishReason: 'contentFilter' }, 'modelRefused', 0],
  ['a length stop without text', { contents: [text(' \n\n')], finishReason: 'length' }, 'modelTruncated', 0],
  [
    'a length stop inside calls',
    { contents: [text('I will'), call('c1')], finishReason: 'length' },
    'modelTruncated',
    1,
  ],
  ['an empty answer', {}, 'modelEmptyAnswer', 0],
  ['blank text', { contents: [text('\n \t')] }, 'modelEmptyAnswer', 0],
  ['reasoning alone', { contents: [{ type: 'reasoning', text: 'hm' }] }, 'modelEmptyAnswer', 0],
  ['a tool stop without calls', { finishReason: 'toolCalls' }, 'modelEmptyAnswer', 0],
];
for (const [name, answer, code, kept] of unusable) {
  test(`${name} fails the run with "${code}" and leaves no open call`, () => {
    const { outcome, effects } = play([answer]);
    const { error, messages } = failed(outcome);
    assert.equal(error.code, code);
    assert.equal(messages.length, kept);
    assert.deepEqual(callsAndResults(messages), { calls: [], results: [] });
    assert.ok(effects.every(({ type }) => type === 'callModel'));
  });
}

test('a length stop with text is a success that says so', () => {
  const { outcome } = play([{ contents: [text('Long')], finishReason: 'length' }]);
  assert.equal(completed(outcome).finishReason, 'length');
});

test('the reason of a refusal is in the error', () => {
  const { outcome } = play([{ contents: [{ type: 'error', message: 'not that' }], finishReason: 'contentFilter' }]);
  assert.match(failed(outcome).error.message, /not that/);
});

const schema = { type: 'object' };

test('a structured answer is parsed, and the schema goes to the model', () => {
  const { outcome, effects } = play([{ contents: [text('{"n":null}')] }], agentOf(), { responseFormat: schema });
  assert.deepEqual(completed(outcome).value, { n: null });
  assert.deepEqual(requestOf(effects[0]).responseFormat, schema);
});

test('a run without a schema has no value', () => {
  assert.equal('value' in completed(play([{ contents: [text('{"n":1}')] }]).outcome), false);
});

test('an answer that is not JSON fails with "invalidStructuredOutput" and keeps the raw text', () => {
  const never = agentOf({ maxStructuredRetries: 0 });
  const { outcome } = play([{ contents: [text('Sure! {')] }], never, { responseFormat: schema });
  const { error, messages } = failed(outcome);
  assert.equal(error.code, 'invalidStructuredOutput');
  assert.deepEqual(messages[0]?.contents, [text('Sure! {')]);
});

test('a structured answer cut off by the output limit fails with "modelTruncated" and keeps the raw text', () => {
  const answer: Answer = { contents: [text('{"name":"Jo')], finishReason: 'length' };
  const { error, messages } = failed(play([answer], agentOf(), { responseFormat: schema }).outcome);
  assert.equal(error.code, 'modelTruncated');
  assert.deepEqual(messages[0]?.contents, [text('{"name":"Jo')]);
});
