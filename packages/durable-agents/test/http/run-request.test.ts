import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Call, serve } from './call.ts';

const deep = (levels: number) => `{"message":"hi","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describe('a run request that cannot be accepted', () => {
  const refused: [string, Call, number, string, RegExp?][] = [
    ['JSON that is cut short', { type: 'application/json', body: '{ "message": "hi", ' }, 400, 'invalidJson'],
    ['a lone brace', { type: 'application/json', body: '{' }, 400, 'invalidJson'],
    ['nul', { type: 'application/json', body: 'nul' }, 400, 'invalidJson'],
    ['two JSON values', { type: 'application/json', body: '{"message":"a"}{"message":"b"}' }, 400, 'invalidJson'],
    [
      'bytes that are not UTF-8',
      { type: 'application/json', body: new Uint8Array([0x22, 0xff, 0x22]) },
      400,
      'invalidJson',
    ],
    ['an empty JSON body', { type: 'application/json' }, 400, 'invalidMessage', /"message"/],
    ['an empty object', { body: {} }, 400, 'invalidMessage', /"message"/],
    ['an empty message', { body: { message: '' } }, 400, 'invalidMessage', /"message"/],
    ['a blank message', { body: { message: ' \n\t ' } }, 400, 'invalidMessage', /"message"/],
    ['a message that is an object', { body: { message: { a: 1 } } }, 400, 'invalidMessage'],
    ['a message that is a number', { body: { message: 42 } }, 400, 'invalidMessage'],
    ['a message that is null', { body: { message: null } }, 400, 'invalidMessage'],
    ['a message that is a list', { body: { message: ['x'] } }, 400, 'invalidMessage'],
    [
      'a message on the prototype',
      { type: 'application/json', body: '{"__proto__":{"message":"hi"}}' },
      400,
      'invalidMessage',
    ],
    ['a list', { body: [{ message: 'hi' }] }, 400, 'invalidBody', /object/],
    ['a text', { type: 'application/json', body: '"hi"' }, 400, 'invalidBody', /object/],
    ['JSON null', { type: 'application/json', body: 'null' }, 400, 'invalidBody', /object/],
    ['65 levels', { type: 'application/json', body: deep(65) }, 400, 'jsonTooDeep', /64/],
    ['a role of system', { body: { message: 'hi', role: 'system' } }, 400, 'roleNotAllowed', /"role".*"user"/],
    ['a role of Assistant', { body: { message: 'hi', role: 'Assistant' } }, 400, 'roleNotAllowed'],
    ['a role of tool', { body: { message: 'hi', role: 'tool' } }, 400, 'roleNotAllowed'],
    ['a role of developer', { body: { message: 'hi', role: 'developer' } }, 400, 'roleNotAllowed'],
    ['a role that is a number', { body: { message: 'hi', role: 1 } }, 400, 'roleNotAllowed'],
    [
      'a response format that is a text',
      { body: { message: 'hi', response_format: 'json' } },
      400,
      'invalidResponseFormat',
    ],
    [
      'a response format that is a list',
      { body: { message: 'hi', response_format: [] } },
      400,
      'invalidResponseFormat',
    ],
    [
      'a tool flag that is a word',
      { body: { message: 'hi', enable_tool_calls: 'maybe' } },
      400,
      'invalidBoolean',
      /enable_tool_calls/,
    ],
    [
      'a wait flag that is a word',
      { body: { message: 'hi' }, query: 'waitForResponse=maybe' },
      400,
      'invalidBoolean',
      /waitForResponse/,
    ],
    [
      'a wait header that is a word',
      { body: { message: 'hi' }, headers: { 'x-ms-wait-for-response': 'perhaps' } },
      400,
      'invalidBoolean',
      /x-ms-wait/,
    ],
    ['a wait flag that is a number', { body: { message: 'hi', waitForResponse: 7 } }, 400, 'invalidBoolean'],
    ['a session that is a number', { body: { message: 'hi', sessionId: 7 } }, 400, 'invalidSessionId'],
    [
      'a session with a line break',
      { body: { message: 'hi', sessionId: 'a\r\nSet-Cookie: x=1' } },
      400,
      'invalidSessionId',
      /control/,
    ],
    [
      'a session with a trailing newline',
      { body: { message: 'hi' }, query: 'sessionId=a%0A' },
      400,
      'invalidSessionId',
    ],
    ['a session that climbs', { body: { message: 'hi', sessionId: '../../secret' } }, 400, 'invalidSessionId'],
    ['a full entity id as session', { body: { message: 'hi', sessionId: '@other@key' } }, 400, 'invalidSessionId'],
    ['an XML body', { type: 'application/xml', body: '<message>hi</message>' }, 415, 'unsupportedMediaType'],
    ['a form', { type: 'multipart/form-data; boundary=x', body: 'x' }, 415, 'unsupportedMediaType'],
    [
      'a body over the limit',
      { type: 'application/json', body: `{"message":"${'x'.repeat(1000)}"}` },
      413,
      'bodyTooLarge',
      /1000 bytes/,
    ],
    [
      'a length over the limit',
      { type: 'application/json', body: '{}', headers: { 'content-length': '1001' } },
      413,
      'bodyTooLarge',
    ],
  ];
  for (const [name, call, status, code, message] of refused) {
    it(`with ${name} gets ${status} ${code} and reaches no agent`, async () => {
      const { reply, json, calls } = await serve({ ...call, headers: { accept: 'application/json', ...call.headers } });
      assert.equal(reply.status, status);
      assert.equal(calls.length, 0);
      const { error, ...rest } = json;
      assert.deepEqual(rest, {
        status: 'failed',
        statusCode: status,
        status_code: status,
        errorCode: code,
        error_code: code,
      });
      assert.match(String(error), message ?? /\w+/);
    });
  }

  it('is told so in text if it was text', async () => {
    const { reply } = await serve({ type: 'text/plain', body: '   ' });
    assert.equal(reply.status, 400);
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
    assert.match(reply.body, /^The field "message"/);
  });

  it('an endless body is not read beyond the limit', async () => {
    const { readBody } = await import('../../src/http/read-body.ts');
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 100;
        controller.enqueue(new Uint8Array(100));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    await assert.rejects(readBody(endless, null, 1000), { code: 'bodyTooLarge', status: 413 });
    assert.ok(pulled <= 1300);
    assert.ok(cancelled);
  });

  it('deep JSON is refused without breaking the stack', async () => {
    const body = `{"message":"hi","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const { json } = await serve({ type: 'application/json', body }, { maxBodyBytes: 1_000_000 });
    assert.equal(json.errorCode, 'jsonTooDeep');
  });
});

describe('a run request', () => {
  for (const type of [
    'application/json',
    'APPLICATION/JSON; charset=utf-8',
    'application/problem+json',
    'application/vnd.x+JSON ; a=b',
  ]) {
    it(`of type ${type} is JSON`, async () => {
      const { calls } = await serve({ type, body: '{"message":"hi"}' });
      assert.deepEqual(calls[0]?.input, [{ role: 'user', contents: [{ type: 'text', text: 'hi' }] }]);
    });
  }

  for (const type of ['text/plain', 'Text/Plain; charset=utf-8', '']) {
    it(`of type "${type}" is a message as a whole`, async () => {
      const headers = type === '' ? {} : { 'content-type': type };
      const body = new TextEncoder().encode(' {"message":"hi"}\n');
      const { calls, reply } = await serve({ headers, body });
      assert.deepEqual(calls[0]?.input, [{ role: 'user', contents: [{ type: 'text', text: '{"message":"hi"}' }] }]);
      assert.equal(reply.body, 'Day 1: Wawel.');
    });
  }

  it('keeps a JSON message as it is', async () => {
    const { calls } = await serve({ body: { message: ' zażółć 🧵\n' } });
    assert.deepEqual(calls[0]?.input, [{ role: 'user', contents: [{ type: 'text', text: ' zażółć 🧵\n' }] }]);
  });

  it('replaces bytes of a text that are not UTF-8', async () => {
    const { calls } = await serve({ body: new Uint8Array([0x61, 0xff]), type: 'text/plain' });
    assert.deepEqual(calls[0]?.input, [{ role: 'user', contents: [{ type: 'text', text: 'a\ufffd' }] }]);
  });

  it('of just the limit, and of 64 levels, is accepted', async () => {
    const body = `{"message":"${'x'.repeat(986)}"}`;
    assert.equal(body.length, 1000);
    assert.equal((await serve({ type: 'application/json', body })).reply.status, 200);
    assert.equal((await serve({ type: 'application/json', body: deep(64) })).reply.status, 200);
  });

  it('may have another role where the owner allows it', async () => {
    const { calls } = await serve({ body: { message: 'hi', role: 'SYSTEM' } }, { allowedRoles: ['user', 'system'] });
    assert.match(JSON.stringify(calls[0]?.input), /"role":"system"/);
  });

  it('passes the response format and the tool flag on', async () => {
    const schema = { type: 'object' };
    const { calls } = await serve({ body: { message: 'hi', response_format: schema, enable_tool_calls: 'No' } });
    assert.deepEqual(calls[0]?.responseFormat, schema);
    assert.equal(calls[0]?.enableToolCalls, false);
    assert.equal(calls[0]?.timeoutMs, 1234);
  });

  it('drops keys that reach for the prototype, at any depth', async () => {
    const body =
      '{"message":"hi","response_format":{"type":"object","__proto__":{"polluted":1},"a":[{"__proto__":{}}]}}';
    const { calls } = await serve({ type: 'application/json', body });
    assert.equal(JSON.stringify(calls[0]?.responseFormat), '{"type":"object","a":[{}]}');
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  it('without a session begins a new one, named in header and body', async () => {
    const { reply, json, calls } = await serve({ body: { message: 'hi' } });
    assert.match(String(json.sessionId), /^[0-9a-f]{32}$/);
    assert.equal(reply.headers['x-ms-session-id'], json.sessionId);
    assert.equal(calls[0]?.sessionKey, json.sessionId);
  });
});
