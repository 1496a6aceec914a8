import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ModelError } from '../../src/errors.ts';
import { OpenAIChatClient } from '../../src/openai.ts';
import { ask, context, key, setUp } from './openai-client-setup.ts';
import { json, providerError, type Reply } from './openai-server.ts';

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
