import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ask, context, setUp } from './openai-client-setup.ts';
import { completion, providerError } from './openai-server.ts';
import { bytesOf, chatChunk, chatStream, joined, sseText, streamOf, updatesFrom } from './sse.ts';

const spoken = 'café 日本語 🐕';
const usage = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 };

test('texts come piece by piece, and the last update is the response that a plain call gives', async (t) => {
  const { server, client } = await setUp(
    t,
    streamOf([
      sseText([
        chatChunk({ role: 'assistant', content: '' }),
        chatChunk({ content: 'Hel' }),
        chatChunk({ content: 'lo' }),
        chatChunk({}, 'stop'),
        { id: 'chatcmpl-1', choices: [], usage },
        '[DONE]',
      ]),
    ]),
  );
  const updates = await updatesFrom(client.stream(ask, context()));
  server.reply(completion({ role: 'assistant', content: 'Hello' }, 'stop', usage));
  const response = await client.complete(ask, context());
  assert.deepEqual(updates, [
    { type: 'text', text: 'Hel' },
    { type: 'text', text: 'lo' },
    { type: 'response', response },
  ]);
  assert.deepEqual(response.usage, { inputTokenCount: 4, outputTokenCount: 2, totalTokenCount: 6 });
  assert.equal(server.seen[0]?.body.stream, true);
  assert.deepEqual(server.seen[0]?.body.stream_options, { include_usage: true });
  assert.equal('stream_options' in (server.seen[1]?.body ?? {}), false);
});

for (const newline of ['\n', '\r\n', '\r']) {
  test(`one byte a write, with ${JSON.stringify(newline)} as line end, gives the exact text and arguments`, async (t) => {
    const call = { index: 0, id: 'c1', function: { name: 'say', arguments: JSON.stringify({ text: spoken }) } };
    const text = sseText(
      [chatChunk({ content: spoken }), chatChunk({ tool_calls: [call] }), chatChunk({}, 'tool_calls'), '[DONE]'],
      newline,
    );
    const { client } = await setUp(t, streamOf(bytesOf(text)));
    const updates = await updatesFrom(client.stream(ask, context()));
    assert.equal(joined(updates, 'text'), spoken);
    assert.equal(joined(updates, 'functionArguments'), JSON.stringify({ text: spoken }));
    const last = updates.at(-1);
    assert.deepEqual(last?.type === 'response' && last.response.messages[0]?.contents, [
      { type: 'text', text: spoken },
      { type: 'functionCall', callId: 'c1', name: 'say', arguments: { text: spoken } },
    ]);
  });
}

test('no place to cut a stream in two changes what comes out', async (t) => {
  const text = sseText([chatChunk({ content: spoken }), chatChunk({}, 'stop'), '[DONE]']);
  const bytes = new TextEncoder().encode(text);
  const { server, client } = await setUp(t, streamOf([]));
  for (let cut = 1; cut < bytes.length; cut += 3) {
    server.reply(streamOf([bytes.subarray(0, cut), bytes.subarray(cut)]));
    assert.equal(joined(await updatesFrom(client.stream(ask, context())), 'text'), spoken, `cut at ${cut}`);
  }
});

test('chunks without choices, a choice without delta and a last chunk of usage only are no harm', async (t) => {
  const { client } = await setUp(
    t,
    streamOf([
      sseText([
        { choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
        chatChunk({ content: 'a' }),
        { id: 'x', choices: [{ index: 0, finish_reason: null, content_filter_offsets: {} }] },
        { choices: [{ index: 1, delta: { content: 'other choice' } }] },
        { choices: null },
        chatChunk({ content: 'b' }),
        chatChunk({}, 'stop'),
        { choices: [], usage },
        '[DONE]',
      ]),
    ]),
  );
  const updates = await updatesFrom(client.stream(ask, context()));
  assert.equal(joined(updates, 'text'), 'ab');
  const last = updates.at(-1);
  assert.equal(last?.type === 'response' && last.response.usage?.totalTokenCount, 6);
});

test('tool calls begin with their name, and their arguments follow under their id', async (t) => {
  const part = (index: number, fields: object) => ({ tool_calls: [{ index, ...fields }] });
  const { client } = await setUp(
    t,
    chatStream(
      [
        part(0, { id: 'a', function: { name: 'one', arguments: '' } }),
        part(0, { function: { arguments: '{"n":' } }),
        part(1, { id: 'b', function: { name: 'two', arguments: '{}' } }),
        part(0, { function: { arguments: '1}' } }),
      ],
      'tool_calls',
    ),
  );
  const updates = await updatesFrom(client.stream(ask, context()));
  assert.deepEqual(updates.slice(0, -1), [
    { type: 'functionCall', callId: 'a', name: 'one' },
    { type: 'functionArguments', callId: 'a', delta: '{"n":' },
    { type: 'functionCall', callId: 'b', name: 'two' },
    { type: 'functionArguments', callId: 'b', delta: '{}' },
    { type: 'functionArguments', callId: 'a', delta: '1}' },
  ]);
  const last = updates.at(-1);
  assert.ok(last?.type === 'response');
  assert.equal(last.response.finishReason, 'toolCalls');
  assert.deepEqual(last.response.messages[0]?.contents, [
    { type: 'functionCall', callId: 'a', name: 'one', arguments: { n: 1 } },
    { type: 'functionCall', callId: 'b', name: 'two', arguments: {} },
  ]);
});

test('servers that give every call the same index, or no ids, or arguments as an object, are understood', async (t) => {
  const { server, client } = await setUp(
    t,
    chatStream([
      { tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: { n: 1 } } }] },
      { tool_calls: [{ index: 0, id: 'b', function: { name: 'g', arguments: '{"n":2}' } }] },
    ]),
  );
  const calls = async () => {
    const last = (await updatesFrom(client.stream(ask, context()))).at(-1);
    return last?.type === 'response' && last.response.messages[0]?.contents;
  };
  const [f, g] = [
    { type: 'functionCall', callId: 'a', name: 'f', arguments: { n: 1 } },
    { type: 'functionCall', callId: 'b', name: 'g', arguments: { n: 2 } },
  ];
  assert.deepEqual(await calls(), [f, g]);
  server.reply(chatStream([{ tool_calls: [{ function: { name: 'f' } }, { function: { name: 'g' } }] }]));
  assert.deepEqual(await calls(), [
    { ...f, callId: 'call_0', arguments: {} },
    { ...g, callId: 'call_1', arguments: {} },
  ]);
});

test('reasoning is told apart from text and kept apart in the response', async (t) => {
  const { client } = await setUp(
    t,
    chatStream([{ reasoning_content: 'hm, ' }, { reasoning: 'so' }, { content: 'Yes.' }]),
  );
  const updates = await updatesFrom(client.stream(ask, context()));
  assert.equal(joined(updates, 'reasoning'), 'hm, so');
  assert.equal(joined(updates, 'text'), 'Yes.');
  const last = updates.at(-1);
  assert.deepEqual(last?.type === 'response' && last.response.messages[0]?.contents, [
    { type: 'reasoning', text: 'hm, so' },
    { type: 'text', text: 'Yes.' },
  ]);
});

test('half a character is held back until the other half is there', async (t) => {
  const chunk = (escaped: string) => `{"choices":[{"delta":{"content":"${escaped}"}}]}`;
  const { client } = await setUp(
    t,
    streamOf([sseText([chunk('a\\ud83d'), chunk('\\udc15b'), chatChunk({}, 'stop'), '[DONE]'])]),
  );
  const updates = await updatesFrom(client.stream(ask, context()));
  assert.deepEqual(updates.slice(0, -1), [
    { type: 'text', text: 'a' },
    { type: 'text', text: '🐕b' },
  ]);
});

const begun = sseText([chatChunk({ content: 'Hel' })]);
const broken: [string, Parameters<typeof streamOf>, string, boolean][] = [
  ['a connection that is cut', [[begun], 'cut'], 'modelUnavailable', true],
  ['a stream that ends in the middle', [[begun]], 'modelUnavailable', true],
  ['a stream that ends inside an event', [[begun, 'data: {"choices":[{"del']], 'modelUnavailable', true],
  ['an empty stream', [['']], 'modelUnavailable', true],
  ['[DONE] without a reason to finish', [[begun, 'data: [DONE]\n\n']], 'modelUnavailable', true],
  ['an event that is not JSON', [[begun, 'data: <html>\n\n']], 'modelUnavailable', true],
  [
    'an error event',
    [[begun, sseText([{ error: { message: 'oops', type: 'server_error' } }])]],
    'modelUnavailable',
    true,
  ],
  [
    'a rate limit in the middle',
    [[begun, sseText([{ error: { message: 'slow', code: 'rate_limit_exceeded' } }])]],
    'modelRateLimited',
    true,
  ],
  [
    'a numeric status in the middle',
    [[begun, sseText([{ error: { message: 'slow', code: 429 } }])]],
    'modelRateLimited',
    true,
  ],
  [
    'a content filter in the middle',
    [[begun, sseText([{ error: { message: 'no', code: 'content_filter' } }])]],
    'modelRefused',
    false,
  ],
  [
    'a bad request in the middle',
    [[begun, sseText([{ error: { message: 'no', type: 'invalid_request_error' } }])]],
    'modelBadRequest',
    false,
  ],
];
for (const [name, reply, code, retryable] of broken) {
  test(`${name} throws "${code}" after what came, and asks the server once`, async (t) => {
    const { server, client } = await setUp(t, streamOf(...reply));
    const texts: string[] = [];
    const read = async () => {
      for await (const update of client.stream(ask, context())) {
        assert.notEqual(update.type, 'response');
        if (update.type === 'text') texts.push(update.text);
      }
    };
    await assert.rejects(read(), { name: 'ModelError', code, retryable });
    assert.equal(texts.join(''), name === 'an empty stream' ? '' : 'Hel');
    assert.equal(server.seen.length, 1);
  });
}

test('an answer that is whole is kept though the connection is cut before its usage', async (t) => {
  const { client } = await setUp(t, streamOf([begun, sseText([chatChunk({ content: 'lo' }, 'stop')])], 'cut'));
  const last = (await updatesFrom(client.stream(ask, context()))).at(-1);
  assert.deepEqual(last?.type === 'response' && last.response.messages[0]?.contents, [{ type: 'text', text: 'Hello' }]);
});

test('a stream that was stopped by length or content filter says so', async (t) => {
  const { server, client } = await setUp(t, chatStream([{ content: 'Hel' }], 'length'));
  const reason = async () => {
    const last = (await updatesFrom(client.stream(ask, context()))).at(-1);
    return last?.type === 'response' && last.response.finishReason;
  };
  assert.equal(await reason(), 'length');
  server.reply(chatStream([{ content: 'Hel' }], 'content_filter'));
  assert.equal(await reason(), 'contentFilter');
  server.reply(chatStream([{ refusal: 'I ' }, { refusal: 'cannot.' }]));
  assert.equal(await reason(), 'contentFilter');
});

test('an HTTP error to a streaming request is the error of a plain call', async (t) => {
  const { client } = await setUp(t, providerError(429, { message: 'slow down' }, { 'retry-after': '3' }));
  await assert.rejects(updatesFrom(client.stream(ask, context())), {
    code: 'modelRateLimited',
    retryable: true,
    retryAfterMs: 3000,
    details: { retryAfterMs: 3000 },
  });
});

test('a server that answers a streaming request as a whole is understood', async (t) => {
  const { client } = await setUp(t, completion({ role: 'assistant', content: 'Hello' }));
  const updates = await updatesFrom(client.stream(ask, context()));
  assert.deepEqual(
    updates.map((update) => update.type === 'response' && update.response.messages[0]?.contents),
    [[{ type: 'text', text: 'Hello' }]],
  );
});

test('a web page instead of a stream is "modelBadResponse"', async (t) => {
  const { client } = await setUp(t, (response) =>
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
  );
  await assert.rejects(updatesFrom(client.stream(ask, context())), { code: 'modelBadResponse' });
});

test('an abort in the middle throws "modelAborted" and closes the connection', async (t) => {
  let closed: Promise<unknown> | undefined;
  const { client } = await setUp(t, (response) => {
    closed = once(response, 'close');
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(begun);
  });
  const controller = new AbortController();
  const read = async () => {
    for await (const _ of client.stream(ask, { signal: controller.signal })) controller.abort();
  };
  await assert.rejects(read(), { code: 'modelAborted' });
  await closed;
});

test('a reader that leaves early closes the connection', async (t) => {
  let closed: Promise<unknown> | undefined;
  const { client } = await setUp(t, (response) => {
    closed = once(response, 'close');
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(begun);
  });
  for await (const update of client.stream(ask, context())) {
    assert.deepEqual(update, { type: 'text', text: 'Hel' });
    break;
  }
  await closed;
});

test('stream options that the user gives in extra are sent instead of ours', async (t) => {
  const { server, client } = await setUp(t, chatStream([{ content: 'x' }]));
  await updatesFrom(client.stream({ ...ask, options: { extra: { stream_options: null } } }, context()));
  assert.equal(server.seen[0]?.body.stream_options, null);
});
