import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RuntimeUnavailableError } from '../../src/client/agent-client.ts';
import { response, serve } from './call.ts';

const call = { body: { message: 'Plan one day', sessionId: 'trip-9' } };

describe('the reply to an answered run', () => {
  it('has the text, the whole response and both spellings', async () => {
    const { reply, json, logged } = await serve(call);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
    const agentResponse = {
      type: 'agent_response',
      messages: [{ role: 'assistant', authorName: 'Planner', contents: [{ $type: 'text', text: 'Day 1: Wawel.' }] }],
      usage: { inputTokenCount: 41 },
      agentId: 'Planner',
      responseId: 'r1',
      createdAt: '2026-01-01T00:00:00.000Z',
      finishReason: 'stop',
    };
    assert.deepEqual(json, {
      response: 'Day 1: Wawel.',
      message: 'Plan one day',
      sessionId: 'trip-9',
      session_id: 'trip-9',
      status: 'success',
      statusCode: 200,
      status_code: 200,
      correlationId: 'c0ffee',
      correlation_id: 'c0ffee',
      messageCount: 2,
      message_count: 2,
      agentResponse,
      agent_response: agentResponse,
      metadata: { provider: 'offline', simulated: true },
    });
    assert.deepEqual(logged, []);
  });

  for (const value of [{ city: 'Gdańsk' }, null, false, 0, '']) {
    it(`has the result ${JSON.stringify(value)}`, async () => {
      const { json } = await serve(
        call,
        {},
        { status: 'completed', response: { ...response, value }, messageCount: 2 },
      );
      assert.deepEqual(json.result, value);
    });
  }

  it('has no result if there was none', async () => assert.equal('result' in (await serve(call)).json, false));

  it('as text is the answer alone, with session and model in headers', async () => {
    const { reply } = await serve({ ...call, headers: { accept: 'text/plain' } });
    assert.equal(reply.body, 'Day 1: Wawel.');
    assert.deepEqual(reply.headers, {
      'content-type': 'text/plain; charset=utf-8',
      'x-ms-session-id': 'trip-9',
      'x-durable-agent-model': 'offline (simulated)',
    });
  });

  it('names a real model in the text header, and nothing that could forge one', async () => {
    const metadata = { provider: 'openai', modelId: 'gpt\r\nx: y', simulated: false };
    const outcome = { status: 'completed' as const, response: { ...response, metadata }, messageCount: 2 };
    const { reply } = await serve({ body: 'hi', type: 'text/plain' }, {}, outcome);
    assert.equal(reply.headers['x-durable-agent-model'], 'openai gpt??x: y');
  });
});

describe('the kind of a reply', () => {
  const kinds: [string, string | undefined, string | undefined, 'json' | 'text'][] = [
    ['a JSON request', 'application/json', undefined, 'json'],
    ['a JSON request that takes anything', 'application/json', '*/*', 'json'],
    ['a JSON request that takes text alone', 'application/json', 'text/plain', 'text'],
    ['a JSON request that takes text or JSON', 'application/json', 'text/plain, application/json', 'json'],
    ['a text request', 'text/plain', undefined, 'text'],
    ['a text request that takes anything', 'text/plain', '*/*', 'text'],
    ['a text request that takes JSON', 'text/plain', 'Application/JSON;q=0.5', 'json'],
    ['a text request that takes problem+json', 'text/plain', 'application/problem+json', 'json'],
    ['a text request that excludes JSON', 'text/plain', 'application/json;q=0', 'text'],
    ['a request of no type', undefined, undefined, 'text'],
  ];
  for (const [name, type, accept, kind] of kinds) {
    it(`of ${name} is ${kind}`, async () => {
      const headers = { ...(type && { 'content-type': type }), ...(accept && { accept }) };
      const body = new TextEncoder().encode('{"message":"hi"}');
      const { reply } = await serve({ headers, body });
      const expected = kind === 'json' ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8';
      assert.equal(reply.headers['content-type'], expected);
    });
  }
});

describe('the reply to a run without an answer', () => {
  for (const status of ['accepted', 'timeout'] as const) {
    it(`(${status}) is 202 with the correlation id`, async () => {
      const { reply, json } = await serve(call, {}, { status });
      assert.equal(reply.status, 202);
      const { response: acknowledgement, ...rest } = json;
      assert.match(String(acknowledgement), /accepted/);
      assert.deepEqual(rest, {
        message: 'Plan one day',
        sessionId: 'trip-9',
        session_id: 'trip-9',
        status: 'accepted',
        statusCode: 202,
        status_code: 202,
        correlationId: 'c0ffee',
        correlation_id: 'c0ffee',
      });
    });
  }

  it('as text is the acknowledgement, with the session in the header', async () => {
    const { reply } = await serve({ body: 'hi', type: 'text/plain', query: 'sessionId=s' }, {}, { status: 'accepted' });
    assert.equal(reply.status, 202);
    assert.match(reply.body, /accepted/);
    assert.equal(reply.headers['x-ms-session-id'], 's');
  });
});

describe('the reply to a run that failed', () => {
  const error = { code: 'modelRateLimited', message: 'Slow down.', details: { limit: 5 } };

  it('is 500 with the failure as an object', async () => {
    const { reply, json } = await serve(call, {}, { status: 'failed', error, messageCount: 2 });
    assert.equal(reply.status, 500);
    assert.deepEqual(json, {
      status: 'failed',
      statusCode: 500,
      status_code: 500,
      errorCode: 'modelRateLimited',
      error_code: 'modelRateLimited',
      error,
      sessionId: 'trip-9',
      session_id: 'trip-9',
      correlationId: 'c0ffee',
      correlation_id: 'c0ffee',
    });
  });

  it('as text is the message', async () => {
    const { reply } = await serve({ body: 'hi', type: 'text/plain' }, {}, { status: 'failed', error, messageCount: 2 });
    assert.equal(reply.status, 500);
    assert.equal(reply.body, 'Slow down.');
  });

  const gone = { code: 'resultUnavailable', message: 'It has ended.', details: { outcome: 'succeeded' } };

  it('is 410 with the outcome if only that is still known', async () => {
    const { reply, json } = await serve(call, {}, { status: 'failed', error: gone, messageCount: 2 });
    assert.equal(reply.status, 410);
    assert.equal(reply.headers['x-ms-agent-completion-outcome'], 'succeeded');
    assert.deepEqual(
      [json.status, json.status_code, json.outcome, json.completion_outcome, json.errorCode, json.session_id],
      ['completedResultUnavailable', 410, 'succeeded', 'succeeded', 'resultUnavailable', 'trip-9'],
    );
  });

  it('is 410 as text too', async () => {
    const { reply } = await serve(
      { body: 'hi', type: 'text/plain' },
      {},
      { status: 'failed', error: gone, messageCount: 2 },
    );
    assert.deepEqual([reply.status, reply.body], [410, 'It has ended.']);
    assert.equal(reply.headers['x-ms-agent-completion-outcome'], 'succeeded');
  });

  it('is 503 if the backend did not take the message', async () => {
    const down = new RuntimeUnavailableError('runtimeUnavailable', 'Not taken.', { cause: new Error('at /srv/x') });
    const { reply, json, logged } = await serve(call, {}, down);
    assert.equal(reply.status, 503);
    assert.equal(json.errorCode, 'runtimeUnavailable');
    assert.equal(json.sessionId, 'trip-9');
    assert.doesNotMatch(reply.body, /srv/);
    assert.equal(logged.length, 1);
  });

  it('gives away nothing of an error that is not ours', async () => {
    const { reply, json, logged } = await serve(call, {}, new TypeError('secret at /home/me/x.ts'));
    assert.equal(reply.status, 500);
    assert.equal(json.errorCode, 'internalError');
    assert.doesNotMatch(reply.body, /secret|home|TypeError/);
    assert.match(logged[0] ?? '', /secret/);
  });
});
