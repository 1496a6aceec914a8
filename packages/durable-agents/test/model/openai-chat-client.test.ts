import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { tool } from '../../src/agent/tool.ts';
import type { ModelError } from '../../src/errors.ts';
import type { ChatRequest } from '../../src/model/chat-client.ts';
import { OpenAIChatClient } from '../../src/openai.ts';
import { completion, json, openAIServer, providerError, type Reply } from './openai-server.ts';

const key = 'sk-test-0123456789abcdef';
const ask: ChatRequest = {
  messages: [{ role: 'user', contents: [{ type: 'text', text: 'Hi' }] }],
  tools: [],
  options: {},
};
const context = () => ({ signal: new AbortController().signal });
const hello = completion({ role: 'assistant', content: 'Hello' });

async function setUp(t: TestContext, reply: Reply = hello) {
  const server = await openAIServer(t, reply);
  return { server, client: new OpenAIChatClient({ model: 'gpt-test', apiKey: key, baseURL: server.baseURL }) };
}

async function failure(t: TestContext, reply: Reply): Promise<ModelError> {
  const { server, client } = await setUp(t, reply);
  const error = await client.complete(ask, context()).then(
    () => assert.fail('the call succeeded'),
    (thrown: unknown) => thrown as ModelError,
  );
  assert.equal(error.name, 'ModelError', String(error));
  assert.equal(server.seen.length, 1, 'the client must not retry by itself');
  assert.doesNotMatch(`${error.message} ${error.fix} ${JSON.stringify(error.details)}`, /0123456789abcdef/);
  assert.equal(error.cause, undefined, 'the original error may hold secrets');
  return error;
}

test('a text answer comes back with its usage, id and model', async (t) => {
  const { server, client } = await setUp(
    t,
    completion({ role: 'assistant', content: 'Hello' }, 'stop', {
      prompt_tokens: 9,
      completion_tokens: 3,
      total_tokens: 12,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 1 },
    }),
  );
  assert.deepEqual(await client.complete(ask, context()), {
    messages: [{ role: 'assistant', contents: [{ type: 'text', text: 'Hello' }] }],
    finishReason: 'stop',
    usage: {
      inputTokenCount: 9,
      outputTokenCount: 3,
      totalTokenCount: 12,
      extensionData: { cachedInputTokenCount: 4, reasoningTokenCount: 1 },
    },
    responseId: 'chatcmpl-1',
    modelId: 'gpt-test-2026',
  });
  assert.equal(server.seen[0]?.url, '/v1/chat/completions');
  assert.equal(server.seen[0]?.headers.authorization, `Bearer ${key}`);
  assert.deepEqual(server.seen[0]?.body, {
    model: 'gpt-test',
    stream: false,
    messages: [{ role: 'user', content: 'Hi' }],
  });
});

test('a whole run with tools works over the wire', async (t) => {
  const { server, client } = await setUp(
    t,
    completion(
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: 'call_b', type: 'function', function: { name: 'weather', arguments: '{"{"city"' } },
        ],
      },
      'tool_calls',
    ),
  );
  const weather = tool({
    name: 'weather',
    description: 'Weather of a city.',
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => {
      server.reply(completion({ role: 'assistant', content: 'Sunny.' }));
      return { city, sky: 'clear' };
    },
  });
  const agent = new Agent({ name: 'helper', instructions: 'Be brief.', model: client, tools: [weather] });
  const response = await agent.run('Weather in Oslo?');
  assert.equal(response.text, 'Sunny.');
  assert.deepEqual(server.seen[0]?.body.tools, [
    {
      type: 'function',
      function: { name: 'weather', description: 'Weather of a city.', parameters: weather.parametersJsonSchema },
    },
  ]);
  const sent = server.seen[1]?.body.messages as { role: string; tool_call_id?: string; content: string }[];
  assert.deepEqual(
    sent.map(({ role }) => role),
    ['system', 'user', 'assistant', 'tool', 'tool'],
  );
  assert.deepEqual(sent[2], {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
      {
        id: 'call_b',
        type: 'function',
        function: { name: 'weather', arguments: '{"invalidArguments":"{\\"{\\"city\\""}' },
      },
    ],
  });
  assert.deepEqual(sent[3], { role: 'tool', tool_call_id: 'call_a', content: '{"city":"Oslo","sky":"clear"}' });
  assert.equal(sent[4]?.tool_call_id, 'call_b');
  assert.match(sent[4]?.content ?? '', /invalidArguments/);
  assert.deepEqual(response.metadata, { provider: 'openai', modelId: 'gpt-test-2026', simulated: false });
});

test('options become fields of the request; a compatible server gets the older name of the token limit', async (t) => {
  const { server, client } = await setUp(t);
  const options = {
    temperature: 0.5,
    topP: 0.9,
    maxOutputTokens: 50,
    stop: ['END'],
    seed: 7,
    reasoningEffort: 'low',
    toolChoice: 'required' as const,
    extra: { user: 'u1', stream: true, model: 'other' },
  };
  const tools = [{ name: 'weather', description: 'W.', parameters: { type: 'object' } }];
  await client.complete({ ...ask, tools, options }, context());
  const { messages: _, tools: __, ...body } = server.seen[0]?.body ?? {};
  assert.deepEqual(body, {
    model: 'gpt-test',
    stream: false,
    temperature: 0.5,
    top_p: 0.9,
    max_tokens: 50,
    stop: ['END'],
    seed: 7,
    reasoning_effort: 'low',
    tool_choice: 'required',
    user: 'u1',
  });
});

test('a tool choice without tools is not sent', async (t) => {
  const { server, client } = await setUp(t);
  await client.complete({ ...ask, options: { toolChoice: 'auto' } }, context());
  assert.equal('tool_choice' in (server.seen[0]?.body ?? {}), false);
});

test('a schema is sent as strict only if it fulfils the rules of strict mode', async (t) => {
  const { server, client } = await setUp(t);
  const closed = {
    type: 'object',
    title: 'My answer!',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  };
  const open = {
    type: 'object',
    properties: { list: { type: 'array', items: { ...closed, required: [] } } },
    required: ['list'],
    additionalProperties: false,
  };
  await client.complete({ ...ask, responseFormat: closed }, context());
  await client.complete({ ...ask, responseFormat: open }, context());
  assert.deepEqual(
    server.seen.map(({ body }) => body.response_format),
    [
      { type: 'json_schema', json_schema: { name: 'My_answer_', schema: closed, strict: true } },
      { type: 'json_schema', json_schema: { name: 'answer', schema: open, strict: false } },
    ],
  );
});

const errors: [string, Reply, Partial<ModelError>][] = [
  [
    '401',
    providerError(401, { message: `Incorrect API key provided: ${key}`, code: 'invalid_api_key' }),
    { code: 'modelUnauthorized', retryable: false },
  ],
  ['403', providerError(403, { message: 'no' }), { code: 'modelUnauthorized', retryable: false }],
  [
    '404',
    providerError(404, { message: 'The model gpt-test does not exist' }),
    { code: 'modelNotFound', retryable: false },
  ],
  ['408', providerError(408, { message: 'slow' }), { code: 'modelTimeout', retryable: true }],
  ['409', providerError(409, { message: 'conflict' }), { code: 'modelUnavailable', retryable: true }],
  ['422', providerError(422, { message: `bad field, key=${key}` }), { code: 'modelBadRequest', retryable: false }],
  [
    '400',
    providerError(400, { message: 'too long', code: 'context_length_exceeded' }),
    { code: 'modelBadRequest', retryable: false },
  ],
  [
    '400 content_filter',
    providerError(400, { message: 'filtered', code: 'content_filter' }),
    { code: 'modelRefused', retryable: false },
  ],
  [
    '400 of the Azure policy',
    providerError(400, { message: 'filtered', innererror: { code: 'ResponsibleAIPolicyViolation' } }),
    { code: 'modelRefused' },
  ],
  [
    '429 with seconds',
    providerError(429, { message: 'slow down' }, { 'retry-after': '600' }),
    { code: 'modelRateLimited', retryable: true, retryAfterMs: 600_000 },
  ],
  [
    '429 with milliseconds',
    providerError(429, { message: 'slow down' }, { 'retry-after-ms': '120.5', 'retry-after': '1' }),
    { code: 'modelRateLimited', retryAfterMs: 121 },
  ],
  [
    '429 with 0',
    providerError(429, { message: 'slow down' }, { 'retry-after': '0' }),
    { code: 'modelRateLimited', retryAfterMs: 0 },
  ],
  [
    '429 with a date that is over',
    providerError(429, { message: 'slow down' }, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
    { code: 'modelRateLimited', retryAfterMs: 0 },
  ],
  [
    '429 with -1',
    providerError(429, { message: 'slow down' }, { 'retry-after': '-1' }),
    { code: 'modelRateLimited', retryAfterMs: undefined },
  ],
  [
    '429 with nonsense',
    providerError(429, { message: 'slow down' }, { 'retry-after': 'abc' }),
    { code: 'modelRateLimited', retryAfterMs: undefined },
  ],
  [
    '429 without quota',
    providerError(429, { message: 'pay', code: 'insufficient_quota' }),
    { code: 'modelRateLimited', retryable: false },
  ],
  ['500', providerError(500, { message: 'oops' }), { code: 'modelUnavailable', retryable: true }],
  [
    '503 with a hint',
    providerError(503, { message: 'busy' }, { 'retry-after': '3' }),
    { code: 'modelUnavailable', retryable: true, retryAfterMs: 3000 },
  ],
  [
    '502 of a proxy',
    (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad gateway</html>'),
    { code: 'modelUnavailable', retryable: true },
  ],
  [
    'an HTML page with 200',
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    { code: 'modelBadResponse', retryable: false },
  ],
  [
    'broken JSON with 200',
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":['),
    { code: 'modelBadResponse' },
  ],
  [
    'an empty body with 200',
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(),
    { code: 'modelBadResponse' },
  ],
  ['no choices', json({ id: 'x', choices: [] }), { code: 'modelBadResponse' }],
  ['an error in a 200', json({ error: { message: 'no' } }), { code: 'modelBadResponse' }],
  ['a choice without message', json({ choices: [{ finish_reason: 'stop' }] }), { code: 'modelBadResponse' }],
  ['a JSON array', json([1]), { code: 'modelBadResponse' }],
  ['a connection reset', (response) => response.socket?.destroy(), { code: 'modelUnavailable', retryable: true }],
  [
    'a body that breaks off',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"choices":', () => response.socket?.destroy());
    },
    { code: 'modelUnavailable', retryable: true },
  ],
];
for (const [name, reply, expected] of errors) {
  test(`${name} becomes ${JSON.stringify(expected)}, without a retry and without the key`, async (t) => {
    const error = await failure(t, reply);
    for (const [field, value] of Object.entries(expected))
      assert.equal(error[field as keyof ModelError], value, error.message);
  });
}

test('a Retry-After date in the future is a wait until then', async (t) => {
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const { retryAfterMs = 0 } = await failure(t, providerError(429, { message: 'x' }, { 'retry-after': date }));
  assert.ok(retryAfterMs > 3_000_000 && retryAfterMs <= 3_600_000, String(retryAfterMs));
});

test('a long error text is bounded', async (t) => {
  const { message } = await failure(t, providerError(400, { message: 'x'.repeat(100_000) }));
  assert.ok(message.length < 700);
});

test('a server that nobody runs gives "modelUnavailable" with the reason', async () => {
  const client = new OpenAIChatClient({ model: 'm', baseURL: 'http://127.0.0.1:1/v1' });
  await assert.rejects(client.complete(ask, context()), {
    code: 'modelUnavailable',
    retryable: true,
    message: /ECONNREFUSED|bad port/,
  });
});

test('a slow server is given up when the signal aborts', async (t) => {
  const { client } = await setUp(t, () => {});
  await assert.rejects(client.complete(ask, { signal: AbortSignal.timeout(30) }), { code: 'modelAborted' });
});

test("a slow server is given up at the agent's time limit", async (t) => {
  const { client } = await setUp(t, () => {});
  await assert.rejects(new Agent({ name: 'helper', model: client, modelTimeoutMs: 30 }).run('Hi'), {
    code: 'modelTimeout',
  });
});

test('a refusal fails the run with "modelRefused" and its text', async (t) => {
  const { client } = await setUp(
    t,
    completion({ role: 'assistant', content: null, refusal: 'I cannot help with that.' }),
  );
  await assert.rejects(new Agent({ name: 'helper', model: client }).run('Hi'), {
    code: 'modelRefused',
    message: /I cannot help with that/,
  });
});

const keyCases: [string, ConstructorParameters<typeof OpenAIChatClient>[0]['apiKey'], string][] = [
  ['a key', 'k1', 'Bearer k1'],
  ['a function', async () => 'k2', 'Bearer k2'],
  ['no key', undefined, 'Bearer not-needed'],
];
for (const [name, apiKey, authorization] of keyCases) {
  test(`a compatible server gets ${name} as authorization, and no key of the environment`, async (t) => {
    const server = await openAIServer(t, hello);
    const before = process.env.OPENAI_API_KEY;
    process.env.OPENAI_API_KEY = 'sk-of-environment';
    t.after(() => {
      if (before === undefined) delete process.env.OPENAI_API_KEY;
      else process.env.OPENAI_API_KEY = before;
    });
    const client = new OpenAIChatClient({
      model: 'm',
      apiKey,
      baseURL: server.baseURL,
      defaultHeaders: { 'x-app': 'one' },
    });
    await client.complete(ask, context());
    assert.equal(server.seen[0]?.headers.authorization, authorization);
    assert.equal(server.seen[0]?.headers['x-app'], 'one');
  });
}

test('a key function that throws fails the call', async (t) => {
  const server = await openAIServer(t, hello);
  const client = new OpenAIChatClient({
    model: 'm',
    apiKey: () => Promise.reject(new Error('vault closed')),
    baseURL: server.baseURL,
  });
  await assert.rejects(client.complete(ask, context()), { name: 'ModelError', message: /vault closed/ });
});

const badOptions: [string, unknown][] = [
  ['model', { model: ' ', apiKey: key }],
  ['baseURL', { model: 'm', baseURL: 'localhost:1234' }],
  ['azure.endpoint', { model: 'm', azure: { endpoint: 'my-resource' } }],
  ['azure', { model: 'm', apiKey: key, azure: { endpoint: 'https://x.example' } }],
];
for (const [field, options] of badOptions) {
  test(`options ${JSON.stringify(options)} are refused with the name of the field ${field}`, () => {
    assert.throws(() => new OpenAIChatClient(options as { model: string }), {
      name: 'ConfigurationError',
      message: new RegExp(`OpenAIChatClient: ${field} `),
    });
  });
}
