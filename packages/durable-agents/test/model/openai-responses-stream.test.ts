import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { JsonObject } from '../../src/json.ts';
import { OpenAIResponsesClient } from '../../src/openai.ts';
import { ask, context, key } from './openai-client-setup.ts';
import { json, openAIServer, providerError, type Reply } from './openai-server.ts';
import { bytesOf, joined, streamOf, updatesFrom } from './sse.ts';

const spoken = 'café 日本語 🐕';
const event = (type: string, fields: JsonObject = {}): JsonObject => ({ type, ...fields });

function eventText(events: readonly JsonObject[], newline = '\n'): string {
  return events
    .map((data) => `event: ${data.type}${newline}data: ${JSON.stringify(data)}${newline}${newline}`)
    .join('');
}

const reasoningItem = {
  type: 'reasoning',
  id: 'rs',
  summary: [{ type: 'summary_text', text: 'Hm.' }],
  encrypted_content: 'e',
};
const message = { type: 'message', content: [{ type: 'output_text', text: spoken }] };
const call = {
  type: 'function_call',
  id: 'fc',
  call_id: 'c1',
  name: 'say',
  arguments: JSON.stringify({ text: spoken }),
};
const response = (output: unknown[], fields: JsonObject = {}) =>
  ({ id: 'resp_1', status: 'completed', model: 'm', output, usage: { total_tokens: 6 }, ...fields }) as JsonObject;

const whole: JsonObject[] = [
  event('response.created', { response: response([], { status: 'in_progress' }) }),
  event('response.output_item.added', { output_index: 0, item: { type: 'reasoning', id: 'rs', summary: [] } }),
  event('response.reasoning_summary_part.added', { output_index: 0, summary_index: 0 }),
  event('response.reasoning_summary_text.delta', { output_index: 0, delta: 'Hm.' }),
  event('response.output_item.done', { output_index: 0, item: reasoningItem }),
  event('response.output_item.added', { output_index: 1, item: { type: 'message', content: [] } }),
  event('response.output_text.delta', { output_index: 1, delta: 'café ' }),
  event('response.output_text.delta', { output_index: 1, delta: '日本語 🐕' }),
  event('response.output_item.done', { output_index: 1, item: message }),
  event('response.output_item.added', { output_index: 2, item: { ...call, arguments: '' } }),
  event('response.function_call_arguments.delta', { output_index: 2, item_id: 'fc', delta: call.arguments }),
  event('response.function_call_arguments.done', { output_index: 2, item_id: 'fc', arguments: call.arguments }),
  event('response.output_item.done', { output_index: 2, item: call }),
];
const completed = event('response.completed', { response: response([reasoningItem, message, call]) });

async function setUp(t: TestContext, reply: Reply) {
  const server = await openAIServer(t, reply);
  return { server, client: new OpenAIResponsesClient({ model: 'm', apiKey: key, baseURL: server.baseURL }) };
}

for (const newline of ['\n', '\r\n']) {
  test(`updates and the last response are exact, one byte a write, with ${JSON.stringify(newline)} as line end`, async (t) => {
    const { server, client } = await setUp(t, streamOf(bytesOf(eventText([...whole, completed], newline))));
    const updates = await updatesFrom(client.stream(ask, context()));
    server.reply(json(completed.response));
    assert.deepEqual(updates, [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'café ' },
      { type: 'text', text: '日本語 🐕' },
      { type: 'functionCall', callId: 'c1', name: 'say' },
      { type: 'functionArguments', callId: 'c1', delta: call.arguments },
      { type: 'response', response: await client.complete(ask, context()) },
    ]);
    assert.equal(server.seen[0]?.body.stream, true);
  });
}

test('a last event without output is filled with the items told before', async (t) => {
  const last = event('response.completed', { response: response([]) });
  const { client } = await setUp(t, streamOf([eventText([...whole, last])]));
  const end = (await updatesFrom(client.stream(ask, context()))).at(-1);
  assert.deepEqual(end?.type === 'response' && end.response.messages[0]?.contents.map(({ type }) => type), [
    'reasoning',
    'text',
    'functionCall',
  ]);
});

test('parts of a reasoning summary are told apart', async (t) => {
  const part = (index: number, delta: string) => [
    event('response.reasoning_summary_part.added', { summary_index: index }),
    event('response.reasoning_summary_text.delta', { summary_index: index, delta }),
  ];
  const { client } = await setUp(t, streamOf([eventText([...part(0, 'One.'), ...part(1, 'Two.'), completed])]));
  assert.equal(joined(await updatesFrom(client.stream(ask, context())), 'reasoning'), 'One.\n\nTwo.');
});

test('an incomplete answer is the response of the stream', async (t) => {
  const fields = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  const { client } = await setUp(
    t,
    streamOf([eventText([event('response.incomplete', { response: response([message], fields) })])]),
  );
  const end = (await updatesFrom(client.stream(ask, context()))).at(-1);
  assert.equal(end?.type === 'response' && end.response.finishReason, 'length');
});

const begun = eventText(whole.slice(0, 7));
const broken: [string, Parameters<typeof streamOf>, object][] = [
  ['a connection that is cut', [[begun], 'cut'], { code: 'modelUnavailable', retryable: true }],
  ['a stream that ends early', [[begun]], { code: 'modelUnavailable', retryable: true }],
  [
    'an error event',
    [[begun, eventText([event('error', { code: 'server_error', message: 'oops' })])]],
    { code: 'modelUnavailable', retryable: true },
  ],
  [
    'an error event of a rate limit',
    [[begun, eventText([event('error', { code: 'rate_limit_exceeded', message: 'slow' })])]],
    { code: 'modelRateLimited', retryable: true },
  ],
  [
    'a failed response',
    [
      [
        begun,
        eventText([
          event('response.failed', {
            response: response([], { status: 'failed', error: { code: 'server_error', message: 'oops' } }),
          }),
        ]),
      ],
    ],
    { code: 'modelUnavailable', retryable: true },
  ],
  [
    'a failed response without a reason',
    [[begun, eventText([event('response.failed', { response: response([], { status: 'failed', error: null }) })])]],
    { code: 'modelUnavailable', retryable: true },
  ],
];
for (const [name, reply, expected] of broken) {
  test(`${name} throws ${JSON.stringify(expected)} after what came, and asks the server once`, async (t) => {
    const { server, client } = await setUp(t, streamOf(...reply));
    let text = '';
    const read = async () => {
      for await (const update of client.stream(ask, context())) {
        assert.notEqual(update.type, 'response');
        if (update.type === 'text') text += update.text;
      }
    };
    await assert.rejects(read(), { name: 'ModelError', ...expected });
    assert.equal(text, 'café ');
    assert.equal(server.seen.length, 1);
  });
}

test('a model without reasoning items is streamed without them', async (t) => {
  const { server, client } = await setUp(
    t,
    providerError(400, { message: 'Encrypted content is not supported with this model.' }),
  );
  await assert.rejects(updatesFrom(client.stream(ask, context())), { code: 'modelBadRequest' });
  server.reply(streamOf([eventText([completed])]));
  await updatesFrom(client.stream(ask, context()));
  assert.deepEqual(
    server.seen.map(({ body }) => 'include' in body),
    [true, false, false],
  );
});
