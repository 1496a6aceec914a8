import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { tool } from '../../src/agent/tool.ts';
import { OpenAIChatClient } from '../../src/openai.ts';
import { ask, context, key, setUp as setUpWith } from './openai-client-setup.ts';
import { completion, openAIServer, type Reply } from './openai-server.ts';

const hello = completion({ role: 'assistant', content: 'Hello' });

const setUp = (t: TestContext, reply: Reply = hello) => setUpWith(t, reply);

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
