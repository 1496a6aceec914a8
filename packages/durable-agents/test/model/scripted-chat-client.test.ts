import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textMessage } from '../../src/agent/message.ts';
import type { ChatRequest } from '../../src/model/chat-client.ts';
import { ModelError, scriptedModel } from '../../src/testing.ts';
import { updatesFrom } from './sse.ts';

const request = (text: string): ChatRequest => ({ messages: [textMessage('user', text)], tools: [], options: {} });
const context = () => ({ signal: new AbortController().signal });

test('steps are answered in order: text, tool calls, a function, a failure', async () => {
  const down = new ModelError('modelUnavailable', 'down');
  const model = scriptedModel([
    'one',
    {
      text: 'two',
      toolCalls: [{ name: 'a' }, { name: 'b', arguments: 'broken', id: 'x' }],
      usage: { inputTokenCount: 1 },
    },
    ({ messages }) => `echo ${JSON.stringify(messages[0]?.contents[0])}`,
    async () => ({ error: down }),
  ]);
  assert.deepEqual(await model.complete(request('1'), context()), {
    messages: [{ role: 'assistant', contents: [{ type: 'text', text: 'one' }] }],
    finishReason: 'stop',
    modelId: 'scripted',
  });
  assert.deepEqual(await model.complete(request('2'), context()), {
    messages: [
      {
        role: 'assistant',
        contents: [
          { type: 'text', text: 'two' },
          { type: 'functionCall', callId: 'call_1', name: 'a', arguments: {} },
          { type: 'functionCall', callId: 'x', name: 'b', arguments: 'broken' },
        ],
      },
    ],
    finishReason: 'toolCalls',
    usage: { inputTokenCount: 1 },
    modelId: 'scripted',
  });
  assert.match(JSON.stringify(await model.complete(request('3'), context())), /echo .*3/);
  assert.equal(model.remaining, 1);
  await assert.rejects(model.complete(request('4'), context()), down);
  assert.equal(model.remaining, 0);
});

test('a call beyond the script fails and says so', async () => {
  const model = scriptedModel(['one']);
  await model.complete(request('1'), context());
  await assert.rejects(model.complete(request('2'), context()), {
    code: 'scriptExhausted',
    message: /1 steps.*2 times/,
  });
});

test('requests are recorded as they were, also if they change later', async () => {
  const model = scriptedModel(['one']);
  const sent = request('before');
  await model.complete(sent, context());
  sent.messages.push(textMessage('user', 'after'));
  assert.deepEqual(model.requests, [request('before')]);
});

test('a delayed step ends when the call is aborted', async () => {
  const model = scriptedModel([{ text: 'late', delayMs: 60_000 }]);
  await assert.rejects(model.complete(request('1'), { signal: AbortSignal.timeout(5) }), { code: 'modelAborted' });
});

const thoughtful = {
  text: 'one two',
  reasoning: 'hm',
  toolCalls: [
    { name: 'a', arguments: { n: 1 } },
    { name: 'b', arguments: 'broken' },
  ],
};

test('a stream writes the answer of a plain call: reasoning, text word by word, tool calls', async () => {
  const response = await scriptedModel([thoughtful]).complete(request('1'), context());
  const model = scriptedModel([thoughtful]);
  assert.deepEqual(await updatesFrom(model.stream(request('1'), context())), [
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'one ' },
    { type: 'text', text: 'two' },
    { type: 'functionCall', callId: 'call_1', name: 'a' },
    { type: 'functionArguments', callId: 'call_1', delta: '{"n":1}' },
    { type: 'functionCall', callId: 'call_2', name: 'b' },
    { type: 'functionArguments', callId: 'call_2', delta: 'broken' },
    { type: 'response', response },
  ]);
  assert.deepEqual([model.requests, model.remaining], [[request('1')], 0]);
});

test('the updates of a stream can be scripted, for an answer and for a failure', async () => {
  const updates = [{ type: 'text', text: 'o' } as const, { type: 'text', text: 'ne' } as const];
  const error = new ModelError('modelUnavailable', 'cut', { retryable: true });
  const model = scriptedModel([{ text: 'one', updates }, { error, updates }, { error }]);
  const written = await updatesFrom(model.stream(request('1'), context()));
  assert.deepEqual(written.slice(0, -1), updates);
  const got: unknown[] = [];
  const read = async () => {
    for await (const update of model.stream(request('2'), context())) got.push(update);
  };
  await assert.rejects(read(), error);
  assert.deepEqual(got, updates);
  await assert.rejects(updatesFrom(model.stream(request('3'), context())), error);
});

test('a delay between updates ends when the call is aborted', async () => {
  const controller = new AbortController();
  const model = scriptedModel([{ text: 'one two', updateDelayMs: 60_000 }]);
  const got: unknown[] = [];
  const read = async () => {
    for await (const update of model.stream(request('1'), { signal: controller.signal })) {
      got.push(update);
      controller.abort();
    }
  };
  await assert.rejects(read(), { code: 'modelAborted' });
  assert.deepEqual(got, [{ type: 'text', text: 'one ' }]);
});
