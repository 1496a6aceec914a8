import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import { callModel, defaultRetryBudgetMs, type OnModelUpdate, type Sleep } from '../../src/agent/call-model.ts';
import type { ModelOutcome } from '../../src/agent/effects.ts';
import { textMessage } from '../../src/agent/message.ts';
import { ModelError } from '../../src/errors.ts';
import type { ChatClient, ChatRequest, ChatResponse, ChatUpdate } from '../../src/model/chat-client.ts';
import { OpenAIChatClient } from '../../src/openai.ts';
import { scriptedModel } from '../../src/testing.ts';
import { openAIServer, providerError } from '../model/openai-server.ts';
import { chatChunk, chatStream, sseText, streamOf } from '../model/sse.ts';
import { recordingLogger, runContext } from './support.ts';

const request: ChatRequest = { messages: [textMessage('user', 'Hi')], tools: [], options: {} };
const noSleep: Sleep = async () => {};
const down = () => new ModelError('modelUnavailable', 'down', { retryable: true });

function agentOf(model: ChatClient, options: Partial<AgentOptions> = {}): Agent {
  return new Agent({ name: 'helper', model, ...options });
}

function recorder() {
  const seen: [ChatUpdate, number][] = [];
  const onUpdate: OnModelUpdate = (update, attempt) => {
    seen.push([update, attempt]);
  };
  return { seen, onUpdate };
}

function textOf(outcome: ModelOutcome) {
  return outcome.ok ? outcome.value.messages[0]?.contents : outcome.error.code;
}

test('with a listener the answer is streamed, and the outcome is that of a plain call', async () => {
  const { seen, onUpdate } = recorder();
  const outcome = await callModel(agentOf(scriptedModel(['one two'])), request, { ...runContext(), onUpdate });
  const plain = await callModel(agentOf(scriptedModel(['one two'])), request, runContext());
  assert.deepEqual(outcome, plain);
  assert.ok(outcome.ok);
  assert.deepEqual(seen, [
    [{ type: 'text', text: 'one ' }, 1],
    [{ type: 'text', text: 'two' }, 1],
    [{ type: 'response', response: outcome.value }, 1],
  ]);
});

test('without a listener the model is not asked for a stream', async () => {
  const model = scriptedModel(['x']);
  model.stream = () => assert.fail('streamed');
  assert.ok((await callModel(agentOf(model), request, runContext())).ok);
});

test('a client that cannot stream gives its response as the only update', async () => {
  const { seen, onUpdate } = recorder();
  const response: ChatResponse = { messages: [textMessage('assistant', 'x')], finishReason: 'stop' };
  const client: ChatClient = { provider: 'p', modelId: 'm', simulated: false, complete: async () => response };
  assert.ok((await callModel(agentOf(client), request, { ...runContext(), onUpdate })).ok);
  assert.deepEqual(seen, [[{ type: 'response', response }, 1]]);
});

test('a stream that breaks is a counted attempt: one request each, and updates that carry its number', async (t) => {
  const server = await openAIServer(t, async (response, message) => {
    const first = server.seen.length === 1;
    await (first ? streamOf([sseText([chatChunk({ content: 'Hel' })])], 'cut') : chatStream([{ content: 'Hello' }]))(
      response,
      message,
    );
  });
  const { seen, onUpdate } = recorder();
  const agent = agentOf(new OpenAIChatClient({ model: 'm', baseURL: server.baseURL }));
  const outcome = await callModel(agent, request, { ...runContext(), onUpdate }, noSleep);
  assert.deepEqual(textOf(outcome), [{ type: 'text', text: 'Hello' }]);
  assert.deepEqual(
    seen.map(([update, attempt]) => [update.type === 'text' ? update.text : update.type, attempt]),
    [
      ['Hel', 1],
      ['Hello', 2],
      ['response', 2],
    ],
  );
  assert.equal(server.seen.length, 2);
});

test('a broken stream is not asked for again, in any form, when no retry is left', async (t) => {
  const server = await openAIServer(t, streamOf([sseText([chatChunk({ content: 'Hel' })])], 'cut'));
  const agent = agentOf(new OpenAIChatClient({ model: 'm', baseURL: server.baseURL }), { maxModelRetries: 0 });
  const outcome = await callModel(agent, request, { ...runContext(), onUpdate: () => {} }, noSleep);
  assert.equal(textOf(outcome), 'modelUnavailable');
  assert.equal(server.seen.length, 1);
});

test('a client whose stream ends without a response fails with "modelUnavailable", retryable', async () => {
  const client: ChatClient = {
    ...scriptedModel([]),
    provider: 'p',
    modelId: 'm',
    simulated: false,
    complete: () => assert.fail('a second call'),
    async *stream() {
      yield { type: 'text', text: 'Hel' } as const;
    },
  };
  const outcome = await callModel(agentOf(client, { maxModelRetries: 0 }), request, {
    ...runContext(),
    onUpdate: () => {},
  });
  assert.ok(!outcome.ok);
  assert.deepEqual([outcome.error.code, (outcome.error as ModelError).retryable], ['modelUnavailable', true]);
});

test('a listener that throws or rejects is logged once, and the answer is whole', async () => {
  const listeners: OnModelUpdate[] = [
    () => {
      throw new Error('listener broke');
    },
    (() => Promise.reject(new Error('listener broke'))) as OnModelUpdate,
  ];
  for (const onUpdate of listeners) {
    const log = recordingLogger();
    const outcome = await callModel(agentOf(scriptedModel(['a b c'])), request, { ...runContext({ log }), onUpdate });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(textOf(outcome), [{ type: 'text', text: 'a b c' }]);
    assert.deepEqual(
      log.lines.map(({ level, fields }) => [level, /listener broke/.test(String(fields?.error))]),
      [['warn', true]],
    );
  }
});

test('a stream that is too slow ends with "modelTimeout", and nothing of it is heard afterwards', async () => {
  const { seen, onUpdate } = recorder();
  const slow = new Promise<void>((resolve) => setTimeout(resolve, 60));
  let isOver = false;
  const client: ChatClient = {
    provider: 'p',
    modelId: 'm',
    simulated: false,
    complete: () => assert.fail(),
    // Deaf to its signal.
    async *stream() {
      yield { type: 'text', text: 'early' } as const;
      await slow;
      isOver = true;
      yield { type: 'text', text: 'late' } as const;
    },
  };
  const agent = agentOf(client, { modelTimeoutMs: 20 });
  assert.equal(textOf(await callModel(agent, request, { ...runContext(), onUpdate })), 'modelTimeout');
  await slow;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(isOver);
  assert.deepEqual(seen, [[{ type: 'text', text: 'early' }, 1]]);
});

test('a stopped run ends its stream with "modelAborted"', async () => {
  const controller = new AbortController();
  const model = scriptedModel([{ text: 'a b', updateDelayMs: 60_000 }]);
  const context = { ...runContext({ signal: controller.signal }), onUpdate: () => controller.abort() };
  assert.equal(textOf(await callModel(agentOf(model), request, context)), 'modelAborted');
});

/** A clock that only sleeping moves. */
function fakeTime(t: TestContext) {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const delays: number[] = [];
  const sleep: Sleep = async (ms) => {
    delays.push(ms);
    now += ms;
  };
  return { delays, sleep };
}

test('no call is repeated after the retry budget', async (t) => {
  const { delays, sleep } = fakeTime(t);
  const error = new ModelError('modelRateLimited', 'slow', { retryable: true, retryAfterMs: 20_000 });
  const model = scriptedModel(Array.from({ length: 11 }, () => ({ error })));
  const outcome = await callModel(agentOf(model, { maxModelRetries: 10 }), request, runContext(), sleep);
  assert.equal(textOf(outcome), 'modelRateLimited');
  const waited = delays.reduce((sum, delay) => sum + delay, 0);
  assert.ok(waited <= defaultRetryBudgetMs && waited + 25_000 > defaultRetryBudgetMs, String(delays));
  assert.equal(model.requests.length, delays.length + 1);
});

test('the retry budget can be set, and 0 allows no wait at all', async (t) => {
  const { delays, sleep } = fakeTime(t);
  const call = async (modelRetryBudgetMs: number) => {
    const agent = Object.assign(agentOf(scriptedModel([{ error: down() }, 'ok'])), { modelRetryBudgetMs });
    return (await callModel(agent, request, runContext(), sleep)).ok;
  };
  assert.equal(await call(0), false);
  assert.deepEqual(delays, []);
  assert.equal(await call(1000), true);
});

const hints: [string, number | undefined, boolean][] = [
  ['3', 3000, true],
  ['0', 0, true],
  ['-1', undefined, true],
  ['abc', undefined, true],
  [new Date(Date.now() - 60_000).toUTCString(), 0, true],
  ['600', 600_000, false],
  ['198300', 198_300_000, false],
];
for (const [header, retryAfterMs, isRetried] of hints) {
  test(`429 with Retry-After ${header} ${isRetried ? 'is waited out' : 'fails at once, with the hint'}`, async (t) => {
    const { delays, sleep } = fakeTime(t);
    const limited = providerError(429, { message: 'slow' }, { 'retry-after': header });
    const server = await openAIServer(t, (response, message) =>
      (server.seen.length <= 2 ? limited : chatStream([{ content: 'ok' }]))(response, message),
    );
    const agent = agentOf(new OpenAIChatClient({ model: 'm', baseURL: server.baseURL }));
    const outcome = await callModel(agent, request, { ...runContext(), onUpdate: () => {} }, sleep);
    assert.equal(outcome.ok, isRetried);
    assert.equal(server.seen.length, isRetried ? 3 : 1);
    if (outcome.ok) {
      for (const [n, delay] of delays.entries()) {
        const least = retryAfterMs ?? 150 * 2 ** n;
        assert.ok(delay >= least && delay <= least + Math.max(least * 0.25, 100) + 1, String(delays));
      }
    } else {
      assert.deepEqual(
        [outcome.error.code, (outcome.error as ModelError).retryAfterMs],
        ['modelRateLimited', retryAfterMs],
      );
      assert.deepEqual(outcome.error.details, { retryAfterMs });
    }
  });
}
