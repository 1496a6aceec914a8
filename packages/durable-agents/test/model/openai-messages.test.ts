import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from '../../src/agent/content.ts';
import type { ChatMessage } from '../../src/agent/message.ts';
import { toOpenAIMessages } from '../../src/model/openai-messages.ts';
import { fromOpenAIResponse } from '../../src/model/openai-response.ts';

const user = (...contents: Content[]): ChatMessage => ({ role: 'user', contents });
const text = (value: string): Content => ({ type: 'text', text: value });
const imageURI = 'data:image/png;base64,AAAA';

test('texts of a user become one string, and images become parts', () => {
  assert.deepEqual(toOpenAIMessages([user(text('a'), text('b'))]), [{ role: 'user', content: 'ab' }]);
  assert.deepEqual(
    toOpenAIMessages([
      user(
        text('Look:'),
        { type: 'data', uri: imageURI },
        { type: 'uri', uri: 'https://example.com/a.jpg', mediaType: 'image/jpeg' },
      ),
    ]),
    [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look:' },
          { type: 'image_url', image_url: { url: imageURI } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.jpg' } },
        ],
      },
    ],
  );
});

test('reasoning, errors, usage and unknown contents are never sent, and a message of only these is left out', () => {
  const hidden: Content[] = [
    { type: 'reasoning', text: 'SECRET' },
    { type: 'error', message: 'SECRET' },
    { type: 'usage', usage: { inputTokenCount: 1 } },
    { type: 'unknown', content: { text: 'SECRET' } },
  ];
  for (const role of ['user', 'assistant', 'system', 'tool', 'developer'] as const) {
    assert.deepEqual(toOpenAIMessages([{ role, contents: hidden }]), []);
    const sent = toOpenAIMessages([{ role, contents: [...hidden, text('open')] }]);
    assert.doesNotMatch(JSON.stringify(sent), /SECRET/);
    assert.equal(sent.length, role === 'tool' ? 0 : 1);
  }
});

test('a developer message is sent as a system message', () => {
  assert.deepEqual(toOpenAIMessages([{ role: 'developer', contents: [text('x')] }]), [
    { role: 'system', content: 'x' },
  ]);
});

test('assistant messages that follow each other become one, so that calls stand before their results', () => {
  const call = (callId: string): Content => ({ type: 'functionCall', callId, name: 'f', arguments: { n: 1 } });
  const sent = toOpenAIMessages([
    { role: 'assistant', contents: [text('I look. '), call('a')] },
    { role: 'assistant', contents: [text('And again.'), call('b')] },
    {
      role: 'tool',
      contents: [
        { type: 'functionResult', callId: 'a', result: 'plain' },
        { type: 'functionResult', callId: 'b' },
      ],
    },
  ]);
  const param = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{"n":1}' } });
  assert.deepEqual(sent, [
    { role: 'assistant', content: 'I look. And again.', tool_calls: [param('a'), param('b')] },
    { role: 'tool', tool_call_id: 'a', content: 'plain' },
    { role: 'tool', tool_call_id: 'b', content: 'null' },
  ]);
});

test('arguments that are no JSON object are sent as a bounded excerpt inside one', () => {
  for (const args of ['{"a":', '[]', 'x'.repeat(2_000_000)]) {
    const [message] = toOpenAIMessages([
      { role: 'assistant', contents: [{ type: 'functionCall', callId: 'a', name: 'f', arguments: args }] },
    ]);
    const [call] = message?.role === 'assistant' ? (message.tool_calls ?? []) : [];
    const sent = call?.type === 'function' ? call.function.arguments : '';
    assert.ok(sent.length < 1200);
    assert.ok(args.startsWith(String(JSON.parse(sent).invalidArguments).replace('…', '')));
  }
});

function read(message: unknown, finish: unknown = 'stop') {
  return fromOpenAIResponse({ choices: [{ message, finish_reason: finish }] });
}

test('arguments of a call are an object, or the text as the model wrote it', () => {
  const cases: [unknown, unknown][] = [
    ['{"a":1}', { a: 1 }],
    ['', {}],
    [' ', {}],
    [undefined, {}],
    [null, {}],
    [{ a: 1 }, { a: 1 }],
    ['{"{"city":"x"}', '{"{"city":"x"}'],
    ['null', 'null'],
    ['[1]', '[1]'],
    ['7', '7'],
    ['{"a":1,"__proto__":{"b":2}}', { a: 1 }],
  ];
  for (const [written, expected] of cases) {
    const { messages } = read({
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: written } }],
    });
    const [call] = messages[0]?.contents ?? [];
    assert.deepEqual(call?.type === 'functionCall' && JSON.stringify(call.arguments), JSON.stringify(expected));
  }
});

test('a call without an id is kept, a call without a name is not', () => {
  const { messages } = read({
    tool_calls: [{ function: { name: 'f' } }, { id: 'x' }, null, { id: 'y', function: {} }],
  });
  assert.deepEqual(messages[0]?.contents, [{ type: 'functionCall', callId: '', name: 'f', arguments: {} }]);
});

test('content may be null, a list of parts, or missing; reasoning is kept apart', () => {
  assert.deepEqual(read({ content: null }).messages[0]?.contents, []);
  assert.deepEqual(read({}).messages[0]?.contents, []);
  assert.deepEqual(read({ content: [{ type: 'text', text: 'a' }, null, { text: 'b' }] }).messages[0]?.contents, [
    text('ab'),
  ]);
  assert.deepEqual(read({ content: 'x', reasoning_content: 'hm' }).messages[0]?.contents, [
    { type: 'reasoning', text: 'hm' },
    text('x'),
  ]);
});

test('finish reasons are mapped, and unknown ones count as a stop', () => {
  const reasons = ['stop', 'length', 'content_filter', 'tool_calls', 'function_call', 'eos', null].map(
    (reason) => read({ content: 'x' }, reason).finishReason,
  );
  assert.deepEqual(reasons, ['stop', 'length', 'contentFilter', 'toolCalls', 'toolCalls', 'stop', 'stop']);
});

test('usage that makes no sense is left out', () => {
  const usage = (value: unknown) => fromOpenAIResponse({ choices: [{ message: {} }], usage: value }).usage;
  assert.equal(usage(null), undefined);
  assert.equal(usage({ prompt_tokens: -1, completion_tokens: '3', total_tokens: 1.5 }), undefined);
  assert.deepEqual(usage({ prompt_tokens: 2, prompt_tokens_details: null }), { inputTokenCount: 2 });
});
