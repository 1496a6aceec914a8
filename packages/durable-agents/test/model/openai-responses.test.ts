import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import type { Content } from '../../src/agent/content.ts';
import { textMessage } from '../../src/agent/message.ts';
import { tool } from '../../src/agent/tool.ts';
import type { JsonObject } from '../../src/json.ts';
import { type OpenAIChatClientOptions, OpenAIResponsesClient, openaiResponses } from '../../src/openai.ts';
import { readContent, storeContent } from '../../src/state/content-codec.ts';
import { ask, context, key } from './openai-client-setup.ts';
import { json, openAIServer, providerError, type Reply } from './openai-server.ts';

const usage = {
  input_tokens: 9,
  output_tokens: 3,
  total_tokens: 12,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens_details: { reasoning_tokens: 1 },
};
const said = (text: string) => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});
const answer = (output: unknown[], fields: JsonObject = {}): Reply =>
  json({ id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-test-2026', output, usage, ...fields });

async function setUp(t: TestContext, reply: Reply, options: Partial<OpenAIChatClientOptions> = {}) {
  const server = await openAIServer(t, reply);
  const client = new OpenAIResponsesClient({ model: 'gpt-test', apiKey: key, baseURL: server.baseURL, ...options });
  return { server, client };
}

test('a text answer comes back with usage, id and model; nothing is stored at the server', async (t) => {
  const { server, client } = await setUp(t, answer([said('Hello')]));
  assert.deepEqual(await client.complete(ask, context()), {
    messages: [{ role: 'assistant', contents: [{ type: 'text', text: 'Hello' }] }],
    finishReason: 'stop',
    usage: {
      inputTokenCount: 9,
      outputTokenCount: 3,
      totalTokenCount: 12,
      extensionData: { cachedInputTokenCount: 4, reasoningTokenCount: 1 },
    },
    responseId: 'resp_1',
    modelId: 'gpt-test-2026',
  });
  assert.equal(server.seen[0]?.url, '/v1/responses');
  assert.equal(server.seen[0]?.headers.authorization, `Bearer ${key}`);
  assert.deepEqual(server.seen[0]?.body, {
    model: 'gpt-test',
    stream: false,
    store: false,
    include: ['reasoning.encrypted_content'],
    input: [{ role: 'user', content: 'Hi' }],
  });
});

test('openaiResponses makes the same client', () => {
  const client = openaiResponses({ model: 'm', apiKey: key });
  assert.ok(client instanceof OpenAIResponsesClient);
  assert.deepEqual([client.provider, client.modelId, client.simulated], ['openai', 'm', false]);
});

const reasoning = (id: string) => ({
  type: 'reasoning',
  id,
  summary: [
    { type: 'summary_text', text: 'First look.' },
    { type: 'summary_text', text: 'Then answer.' },
  ],
  encrypted_content: `secret-${id}`,
});

test('a run with tools sends reasoning items back as they came, each before the call it led to', async (t) => {
  const call = (id: string, args: string) => ({
    type: 'function_call',
    id: `fc_${id}`,
    call_id: id,
    name: 'weather',
    arguments: args,
  });
  const { server, client } = await setUp(
    t,
    answer([reasoning('rs_1'), call('call_a', '{"city":"Oslo"}'), call('call_b', '{"{"city"')]),
  );
  const weather = tool({
    name: 'weather',
    description: 'Weather of a city.',
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => {
      server.reply(answer([reasoning('rs_2'), said('Sunny.')]));
      return { city, sky: 'clear' };
    },
  });
  const agent = new Agent({ name: 'helper', instructions: 'Be brief.', model: client, tools: [weather] });
  const response = await agent.run('Weather in Oslo?');
  assert.equal(response.text, 'Sunny.', 'reasoning is no part of the text');
  assert.deepEqual(server.seen[0]?.body.tools, [
    {
      type: 'function',
      name: 'weather',
      description: 'Weather of a city.',
      parameters: weather.parametersJsonSchema,
      strict: false,
    },
  ]);
  const input = server.seen[1]?.body.input as JsonObject[];
  assert.deepEqual(input.slice(0, 5), [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Weather in Oslo?' },
    reasoning('rs_1'),
    { type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{"city":"Oslo"}' },
    { type: 'function_call', call_id: 'call_b', name: 'weather', arguments: '{"invalidArguments":"{\\"{\\"city\\""}' },
  ]);
  assert.deepEqual(input[5], {
    type: 'function_call_output',
    call_id: 'call_a',
    output: '{"city":"Oslo","sky":"clear"}',
  });
  assert.equal(input[6]?.call_id, 'call_b');
  assert.match(String(input[6]?.output), /invalidArguments/);
  const thought = response.messages[0]?.contents[0];
  assert.equal(thought?.type === 'reasoning' && thought.text, 'First look.\n\nThen answer.');
});

test('a reasoning item goes back only to the model that wrote it, after a round trip through the state, and not alone', async (t) => {
  const { server, client } = await setUp(t, answer([reasoning('rs_1'), said('Hello')]));
  const first = await client.complete(ask, context());
  const contents = (first.messages[0]?.contents ?? []).map((content) =>
    readContent(JSON.parse(JSON.stringify(storeContent(content)))),
  );
  const sentWith = async (model: OpenAIResponsesClient, kept: Content[]) => {
    await model.complete(
      { ...ask, messages: [{ role: 'assistant', contents: kept }, textMessage('user', 'And?')] },
      context(),
    );
    const { input } = server.seen.at(-1)?.body ?? assert.fail();
    return (input as JsonObject[]).filter(({ type }) => type === 'reasoning');
  };
  assert.deepEqual(await sentWith(client, contents), [reasoning('rs_1')]);
  assert.deepEqual(await sentWith(client, contents.slice(0, 1)), [], 'what it led to is gone');
  const other = new OpenAIResponsesClient({ model: 'gpt-other', apiKey: key, baseURL: server.baseURL });
  assert.deepEqual(await sentWith(other, contents), []);
  const azure = new OpenAIResponsesClient({ model: 'gpt-test', azure: { endpoint: server.origin, apiKey: 'k' } });
  assert.deepEqual(await sentWith(azure, contents), []);
});

test('a model that has no reasoning items is asked without them, from then on', async (t) => {
  const { server, client } = await setUp(
    t,
    providerError(400, { message: 'Encrypted content is not supported with this model.', param: 'include' }),
  );
  const refuse = client.complete(ask, context());
  await assert.rejects(refuse, { code: 'modelBadRequest' });
  assert.deepEqual(
    server.seen.map(({ body }) => 'include' in body),
    [true, false],
  );
  server.reply(answer([said('Hello')]));
  await client.complete(ask, context());
  assert.deepEqual(
    server.seen.map(({ body }) => 'include' in body),
    [true, false, false],
  );
});

test('any other refusal is not asked about again', async (t) => {
  const { server, client } = await setUp(t, providerError(400, { message: 'Unknown parameter: store.' }));
  await assert.rejects(client.complete(ask, context()), { code: 'modelBadRequest' });
  assert.equal(server.seen.length, 1);
});

test('options become fields of the request, and those in extra are kept beside ours', async (t) => {
  const { server, client } = await setUp(t, answer([said('{}')]));
  const schema = { type: 'object', title: 'My answer', properties: {}, required: [], additionalProperties: false };
  await client.complete(
    {
      ...ask,
      tools: [{ name: 'weather', description: 'W.', parameters: { type: 'object' } }],
      responseFormat: schema,
      options: {
        temperature: 0.5,
        topP: 0.9,
        maxOutputTokens: 50,
        reasoningEffort: 'low',
        toolChoice: 'required',
        extra: {
          model: 'other',
          input: 'other',
          stream: true,
          metadata: { a: 'b' },
          reasoning: { summary: 'auto' },
          text: { verbosity: 'low' },
          tools: [{ type: 'web_search' }],
          include: ['web_search_call.results'],
        },
      },
    },
    context(),
  );
  assert.deepEqual(server.seen[0]?.body, {
    model: 'gpt-test',
    store: false,
    stream: false,
    input: [{ role: 'user', content: 'Hi' }],
    temperature: 0.5,
    top_p: 0.9,
    max_output_tokens: 50,
    reasoning: { summary: 'auto', effort: 'low' },
    text: { verbosity: 'low', format: { type: 'json_schema', name: 'My_answer', schema, strict: true } },
    tools: [
      { type: 'web_search' },
      { type: 'function', name: 'weather', description: 'W.', parameters: { type: 'object' }, strict: false },
    ],
    tool_choice: 'required',
    include: ['web_search_call.results', 'reasoning.encrypted_content'],
    metadata: { a: 'b' },
  });
});

for (const options of [{ stop: ['END'] }, { seed: 7 }]) {
  const [name] = Object.keys(options);
  test(`options.${name}, which the API does not have, is refused and not dropped`, async (t) => {
    const { server, client } = await setUp(t, answer([said('x')]));
    await assert.rejects(client.complete({ ...ask, options }, context()), {
      code: 'modelBadRequest',
      message: new RegExp(`options\\.${name}`),
    });
    assert.equal(server.seen.length, 0);
  });
}

const endings: [string, unknown[], JsonObject, string, Content['type'][]][] = [
  [
    'an answer cut off by the token limit',
    [said('Hel')],
    { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    'length',
    ['text'],
  ],
  [
    'an answer stopped by the content filter',
    [said('Hel')],
    { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
    'contentFilter',
    ['text'],
  ],
  [
    'a refusal',
    [{ type: 'message', content: [{ type: 'refusal', refusal: 'I cannot.' }] }],
    {},
    'contentFilter',
    ['error'],
  ],
  [
    'a tool call',
    [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '' }],
    {},
    'toolCalls',
    ['functionCall'],
  ],
  ['the work of a hosted tool', [{ type: 'web_search_call', id: 'ws' }, said('x')], {}, 'stop', ['unknown', 'text']],
];
for (const [name, output, fields, reason, types] of endings) {
  test(`${name} ends with "${reason}"`, async (t) => {
    const { client } = await setUp(t, answer(output, fields));
    const { finishReason, messages } = await client.complete(ask, context());
    assert.equal(finishReason, reason);
    assert.deepEqual(
      messages[0]?.contents.map(({ type }) => type),
      types,
    );
  });
}

const failures: [string, Reply, object][] = [
  [
    'a failed answer',
    answer([], { status: 'failed', error: { code: 'server_error', message: 'oops' } }),
    { code: 'modelUnavailable', retryable: true },
  ],
  [
    'a rate limit in the answer',
    answer([], { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'slow' } }),
    { code: 'modelRateLimited', retryable: true },
  ],
  [
    'a refused image',
    answer([], { status: 'failed', error: { code: 'image_content_policy_violation', message: 'no' } }),
    { code: 'modelRefused', retryable: false },
  ],
  [
    'a broken image',
    answer([], { status: 'failed', error: { code: 'invalid_image', message: 'no' } }),
    { code: 'modelBadRequest', retryable: false },
  ],
  ['an answer still in work', answer([], { status: 'queued' }), { code: 'modelBadResponse', retryable: false }],
  ['an answer without output', json({ id: 'x' }), { code: 'modelBadResponse', retryable: false }],
  ['a JSON array', json([1]), { code: 'modelBadResponse', retryable: false }],
  [
    'a server without this API',
    providerError(404, { message: 'no route' }),
    { code: 'modelNotFound', retryable: false },
  ],
  [
    '429 with a hint',
    providerError(429, { message: 'slow' }, { 'retry-after': '2' }),
    { code: 'modelRateLimited', retryAfterMs: 2000 },
  ],
  ['a connection reset', (response) => response.socket?.destroy(), { code: 'modelUnavailable', retryable: true }],
];
for (const [name, reply, expected] of failures) {
  test(`${name} becomes ${JSON.stringify(expected)}, with one request`, async (t) => {
    const { server, client } = await setUp(t, reply);
    await assert.rejects(client.complete(ask, context()), { name: 'ModelError', ...expected });
    assert.equal(server.seen.length, 1);
  });
}

test('an answer without text or call, but with reasoning, is an empty answer', async (t) => {
  const { client } = await setUp(t, answer([reasoning('rs_1')]));
  await assert.rejects(new Agent({ name: 'helper', model: client }).run('Hi'), { code: 'modelEmptyAnswer' });
});
