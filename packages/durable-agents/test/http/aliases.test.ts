import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Call, serve } from './call.ts';

const hi = (fields: object = {}) => ({ message: 'hi', ...fields });

describe('the session of a run request', () => {
  const named: [string, Call][] = [
    ['sessionId in the query', { query: 'sessionId=trip-9', body: hi() }],
    ['session_id in the query', { query: 'session_id=trip-9', body: hi() }],
    ['thread_id in the query', { query: 'thread_id=trip-9', body: hi() }],
    ['sessionId in the body', { body: hi({ sessionId: 'trip-9' }) }],
    ['session_id in the body', { body: hi({ session_id: 'trip-9' }) }],
    ['thread_id in the body', { body: hi({ thread_id: 'trip-9' }) }],
    [
      'all names at once',
      { query: 'sessionId=trip-9&thread_id=trip-9', body: hi({ session_id: 'trip-9', sessionId: 'trip-9' }) },
    ],
    [
      'one name and blank others',
      { query: 'sessionId=trip-9&thread_id=', body: hi({ sessionId: '  ', session_id: null }) },
    ],
    ['the query of a text request', { query: 'sessionId=trip-9', body: 'hi', type: 'text/plain' }],
  ];
  for (const [name, call] of named) {
    it(`is read from ${name}`, async () => {
      const { calls, reply } = await serve(call);
      assert.equal(calls[0]?.sessionKey, 'trip-9');
      assert.equal(reply.headers['x-ms-session-id'], 'trip-9');
    });
  }

  const conflicts: [string, Call][] = [
    ['query and body', { query: 'sessionId=a', body: hi({ sessionId: 'b' }) }],
    ['two names in the query', { query: 'sessionId=a&session_id=b', body: hi() }],
    ['one name twice in the query', { query: 'sessionId=a&sessionId=b', body: hi() }],
    ['two names in the body', { body: hi({ sessionId: 'a', thread_id: 'A' }) }],
  ];
  for (const [name, call] of conflicts) {
    it(`is refused if ${name} disagree`, async () => {
      const { reply, json, calls } = await serve(call);
      assert.equal(reply.status, 400);
      assert.equal(json.errorCode, 'sessionConflict');
      assert.equal(reply.headers['x-ms-session-id'], undefined);
      assert.equal(calls.length, 0);
    });
  }

  it('is percent-encoded in the header and plain in the body', async () => {
    const { reply, json } = await serve({ body: hi({ sessionId: 'zażółć-🧵 a' }) });
    const header = reply.headers['x-ms-session-id'] ?? '';
    assert.match(header, /^[\x21-\x7e]+$/);
    assert.equal(decodeURIComponent(header), 'zażółć-🧵 a');
    assert.equal(json.sessionId, 'zażółć-🧵 a');
    assert.equal(json.session_id, 'zażółć-🧵 a');
  });

  it('is on error replies too', async () => {
    const { reply, json } = await serve({ body: { sessionId: 'trip-9' } });
    assert.equal(reply.status, 400);
    assert.equal(reply.headers['x-ms-session-id'], 'trip-9');
    assert.equal(json.sessionId, 'trip-9');
    const unreadable = await serve({ type: 'application/json', query: 'sessionId=trip-9', body: '{' });
    assert.equal(unreadable.reply.headers['x-ms-session-id'], 'trip-9');
  });

  it('has its first names in replies only where the owner wants them', async () => {
    const call = { body: hi({ sessionId: 'trip-9' }) };
    const plain = await serve(call);
    assert.equal('thread_id' in plain.json, false);
    assert.equal('x-ms-thread-id' in plain.reply.headers, false);
    const legacy = await serve(call, { legacyThreadNames: true });
    assert.equal(legacy.json.thread_id, 'trip-9');
    assert.equal(legacy.reply.headers['x-ms-thread-id'], 'trip-9');
  });
});

describe('whether to wait', () => {
  const header = (value: string) => ({ headers: { 'x-ms-wait-for-response': value } });
  const cases: [string, Call, boolean][] = [
    ['nothing is said', { body: hi() }, true],
    ['the header says false', { ...header('false'), body: hi() }, false],
    [
      'the header says true and query and body say false',
      { ...header('TRUE'), query: 'waitForResponse=false', body: hi({ waitForResponse: false }) },
      true,
    ],
    [
      'the query says no and the body true',
      { query: 'wait_for_response=no', body: hi({ waitForResponse: true }) },
      false,
    ],
    ['the body says false', { body: hi({ waitForResponse: false }) }, false],
    ['the body says "0" under the old name', { body: hi({ wait_for_response: '0' }) }, false],
    ['the header is blank and the query says off', { ...header(' '), query: 'waitForResponse=OFF', body: hi() }, false],
    ['both spellings of the query agree', { query: 'waitForResponse=n&wait_for_response=False', body: hi() }, false],
    ['the body says null', { body: hi({ waitForResponse: null }) }, true],
  ];
  for (const [name, call, wait] of cases) {
    it(`is ${wait} when ${name}`, async () => assert.equal((await serve(call)).calls[0]?.wait, wait));
  }

  for (const word of ['true', '1', 'Yes', 'y', 'ON']) {
    it(`"${word}" means yes`, async () => {
      assert.equal((await serve({ query: `waitForResponse=${word}`, body: hi() })).calls[0]?.wait, true);
    });
  }
  for (const word of ['False', '0', 'no', 'N', 'off']) {
    it(`"${word}" means no`, async () => {
      assert.equal((await serve({ query: `waitForResponse=${word}`, body: hi() })).calls[0]?.wait, false);
    });
  }

  const conflicts: [string, Call][] = [
    ['the query', { query: 'waitForResponse=true&wait_for_response=false', body: hi() }],
    ['the body', { body: hi({ waitForResponse: true, wait_for_response: false }) }],
    [
      'the query, even when the header decides',
      { ...header('true'), query: 'waitForResponse=1&wait_for_response=0', body: hi() },
    ],
  ];
  for (const [name, call] of conflicts) {
    it(`is refused if the two spellings disagree in ${name}`, async () => {
      const { json, calls } = await serve(call);
      assert.equal(json.errorCode, 'waitConflict');
      assert.equal(calls.length, 0);
    });
  }
});

describe('old names', () => {
  const old: [string, Call][] = [
    ['session_id in the query', { query: 'session_id=a', body: hi() }],
    ['thread_id in the body', { body: hi({ thread_id: 'a' }) }],
    ['wait_for_response in the query', { query: 'wait_for_response=true', body: hi() }],
    ['an old name in a refused request', { body: { wait_for_response: true } }],
  ];
  for (const [name, call] of old) {
    it(`${name} get the deprecation headers`, async () => {
      const { headers } = (await serve(call)).reply;
      assert.equal(headers.deprecation, '@1789430400');
      assert.match(headers.link ?? '', /^<https:.*>; rel="deprecation"$/);
      assert.match(headers.warning ?? '', /^299 - ".*sessionId.*waitForResponse.*"$/);
    });
  }

  it('new names get none', async () => {
    const { headers } = (await serve({ query: 'sessionId=a&waitForResponse=true', body: hi() })).reply;
    assert.deepEqual(Object.keys(headers), ['content-type', 'x-ms-session-id']);
  });
});
