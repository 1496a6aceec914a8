import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatMessage } from '../../src/agent/message.ts';
import { readStructured } from '../../src/agent/structured-answer.ts';
import type { JsonSchema } from '../../src/json.ts';
import { agentOf, call, play, text } from './play.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const options = { responseFormat: schema };
const good = { contents: [text('{"city":"Gdańsk","days":2}')] };
const bad = { contents: [text('{"city":"Gdańsk","days":0}')], usage: { inputTokenCount: 5 } };
const texts = (messages: readonly ChatMessage[]) =>
  messages.map(
    ({ role, contents }) => `${role}: ${contents.map((part) => (part.type === 'text' ? part.text : '')).join('')}`,
  );

test('an answer that does not fit its schema is asked for again, with what is wrong', () => {
  const { outcome, effects } = play([bad, good], agentOf(), options);
  assert.ok(outcome.status === 'completed');
  assert.deepEqual(outcome.response.value, { city: 'Gdańsk', days: 2 });
  const second = effects[1];
  assert.ok(second?.type === 'callModel');
  const [, , wrong, correction] = texts(second.request.messages);
  assert.equal(wrong, 'assistant: {"city":"Gdańsk","days":0}');
  assert.match(String(correction), /^user: .*does not fit the schema.*days/);
});

test('the record has the good answer alone, and the tokens of all of them', () => {
  const { outcome } = play([bad, { ...good, usage: { inputTokenCount: 7 } }], agentOf(), options);
  assert.ok(outcome.status === 'completed');
  assert.deepEqual(texts(outcome.response.messages), ['assistant: {"city":"Gdańsk","days":2}']);
  assert.equal(outcome.response.usage?.inputTokenCount, 12);
});

test('after as many corrections as the agent allows the run fails and keeps the raw text', () => {
  for (const maxStructuredRetries of [0, 1, 3]) {
    const answers = Array.from({ length: maxStructuredRetries + 1 }, () => bad);
    const { outcome } = play(answers, agentOf({ maxStructuredRetries }), options);
    assert.ok(outcome.status === 'failed');
    assert.equal(outcome.error.code, 'invalidStructuredOutput');
    assert.match(outcome.error.message, /days/);
    assert.deepEqual(texts(outcome.messages), ['assistant: {"city":"Gdańsk","days":0}']);
    assert.equal(answers.length, 0);
  }
});

test('corrections count as model calls of the run', () => {
  const { outcome } = play([bad, bad], agentOf({ maxStructuredRetries: 5, maxIterations: 2 }), options);
  assert.ok(outcome.status === 'failed');
  assert.equal(outcome.error.code, 'invalidStructuredOutput');
});

test('a correction is forgotten when the model calls a tool instead', () => {
  const { outcome, effects } = play([bad, { contents: [call('c1')] }, good], agentOf(), options);
  assert.ok(outcome.status === 'completed');
  const third = effects.at(-1);
  assert.ok(third?.type === 'callModel');
  assert.deepEqual(
    third.tail.map(({ role }) => role),
    ['assistant', 'tool'],
  );
});

test('a text that is JSON but of another shape names what is wrong; no shape at all takes anything', () => {
  for (const [value, part] of [
    ['[]', /type/i],
    ['{"city":"x"}', /days/],
    ['{"city":"x","days":1,"more":1}', /more|additional/i],
    ['{"city":7,"days":1}', /city/],
  ] as const) {
    const read = readStructured(value, { finishReason: 'stop' }, schema);
    assert.ok(!read.ok);
    assert.match(read.error.message, part);
  }
  for (const value of ['null', 'false', '0', '""', '[]', '{}']) {
    const read = readStructured(value, { finishReason: 'stop' }, {});
    assert.deepEqual(read, { ok: true, value: JSON.parse(value) });
  }
});
