import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { setUpCases } from './support/cases-app.ts';
import { eventually, type HostProcess } from './support/host-process.ts';

/** Sends a body that is as long as the server takes it; gives the status and how much was sent. */
function pour(host: HostProcess, headers: Record<string, string>, totalBytes: number) {
  return new Promise<{ status: number | undefined; sent: number }>((resolve, reject) => {
    const url = new URL('/api/agents/Turner/run', host.url);
    const request = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers } });
    let sent = 0;
    let status: number | undefined;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const send = () => {
      while (sent < totalBytes && !request.destroyed) {
        sent += chunk.length;
        if (!request.write(chunk)) return void request.once('drain', send);
      }
      request.end();
    };
    request.on('response', (response) => {
      status = response.statusCode;
      // Whoever has the answer stops sending.
      response.resume().on('end', () => request.destroy());
    });
    request.on('error', (error) => {
      if (status === undefined) reject(error);
    });
    request.on('close', () => resolve({ status, sent }));
    send();
  });
}

test('requests over HTTP', async (t) => {
  const { start, model, lines } = await setUpCases(t, { OPTIONS: JSON.stringify({ waitTimeoutMs: 300 }) });
  const { host, ask, call, view, decide } = await start();
  t.after(() => host.stop());
  const sessions = async () =>
    (await (await fetch(`${host.url}/runtime/webhooks/durabletask/entities`)).json()) as unknown[];

  await t.test(
    'a body that is no request gets a 4xx with a code; no session and no model call come of it',
    async () => {
      const bodies: [body: string, status: number, type?: string][] = [
        ['{ "message": "hi", ', 400],
        ['{', 400],
        ['nul', 400],
        ['{"message":"a"} {"message":"b"}', 400],
        ['', 400],
        ['{}', 400],
        ['{"message":""}', 400],
        ['{"message":" \\n\\t"}', 400],
        ['{"message":{"a":1}}', 400],
        ['{"message":["x"]}', 400],
        ['{"message":null}', 400],
        ['"hi"', 400],
        ['{"message":"x","role":"assistant"}', 400],
        ['{"message":"x","role":"tool"}', 400],
        ['{"message":"x","role":"developer"}', 400],
        ['<message>hi</message>', 415, 'application/xml'],
        ['x', 415, 'multipart/form-data; boundary=b'],
      ];
      for (const agent of ['Turner', 'Stepper']) {
        for (const [body, status, type = 'application/json'] of bodies) {
          const reply = await host.post(`/api/agents/${agent}/run`, body, {
            'content-type': type,
            accept: 'application/json',
          });
          assert.equal(reply.status, status, body);
          const { errorCode, error } = (await reply.json()) as { errorCode: string; error: string };
          assert.match(errorCode, /^[a-z][A-Za-z]+$/, body);
          assert.notEqual(error, '');
        }
      }
      assert.deepEqual(await sessions(), []);
      assert.equal(model.requests.length, 0);
    },
  );

  await t.test('a message comes as JSON of any spelling, or as plain text', async () => {
    for (const type of ['application/json', 'APPLICATION/JSON; charset=utf-8', 'application/problem+json']) {
      const reply = await host.post('/api/agents/Turner/run', '{"message":"hi"}', { 'content-type': type });
      assert.equal(((await reply.json()) as { response: string }).response, 'heard: hi', type);
    }
    const text = await host.post('/api/agents/Turner/run', '{"message":"hi"}', { 'content-type': 'text/plain' });
    assert.equal(await text.text(), 'heard: {"message":"hi"}', 'as it is');
  });

  await t.test('a body over the limit is cut off: one byte more, announced, or without an end', async () => {
    const rss = async () => Number(await (await fetch(`${host.url}/api/memory`)).text());
    const limit = 1_048_576;
    const frame = '{"message":""}'.length;
    const fits = await ask('Turner', 'x'.repeat(limit - frame - '"sessionId":"fits",'.length), 'fits');
    assert.notEqual(fits.status, 413);
    const over = await host.post('/api/agents/Turner/run', `{"message":"${'x'.repeat(limit - frame + 1)}"}`);
    assert.deepEqual([over.status, ((await over.json()) as { errorCode: string }).errorCode], [413, 'bodyTooLarge']);
    const before = await rss();
    const mib = 1024 * 1024;
    const [announced, endless, beside] = await Promise.all([
      pour(host, { 'content-length': String(200 * mib) }, 200 * mib),
      pour(host, { 'transfer-encoding': 'chunked' }, 2_000 * mib),
      ask('Turner', 'beside', 'beside'),
    ]);
    assert.equal(beside.body.response, 'heard: beside');
    for (const { status, sent } of [announced, endless]) {
      assert.equal(status, 413);
      assert.ok(sent < 100 * mib, `${sent} bytes were taken`);
    }
    const grown = (await rss()) - before;
    assert.ok(grown < 64 * mib, `${grown} bytes more`);
  });

  await t.test('a session id is good everywhere or nowhere, and shows as it was given', async () => {
    for (const id of ['zażółć-🧵', 'with blank', 'a+b&c=d', 'CON', 'x'.repeat(256)]) {
      const { status, body, headers } = await ask('Turner', 'hi', id);
      assert.deepEqual([status, body.sessionId], [200, id]);
      assert.equal(decodeURIComponent(headers.get('x-ms-session-id') ?? ''), id);
      const seen = await view('Turner', id);
      assert.deepEqual([seen.status, seen.body.sessionId], [200, id]);
      const path = `/api/agents/Turner/sessions/${encodeURIComponent(id)}`;
      assert.equal((await call('GET', `${path}/runs/${String(body.correlationId)}`)).status, 200);
      assert.equal((await call('DELETE', path)).status, 200);
      assert.equal((await view('Turner', id)).status, 404);
    }
    const before = (await sessions()).length;
    const bad = [
      'a/b',
      'a\\b',
      'a#b',
      'a?b',
      '@x@y',
      '../../secret',
      '%2e%2e%2f',
      'x'.repeat(5_000),
      'a\r\nSet-Cookie: x=1',
      'end\n',
    ];
    for (const id of bad) {
      const name = JSON.stringify(id.slice(0, 20));
      const { status, body, headers } = await ask('Turner', 'hi', id);
      assert.deepEqual([status, body.errorCode], [400, 'invalidSessionId'], name);
      assert.equal(headers.get('set-cookie'), null);
      // A path of dots is another path already for the client; the rest reaches the endpoint.
      const path = `/api/agents/Turner/sessions/${encodeURIComponent(id)}`;
      for (const [method, rest] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/reset'],
        ['GET', '/runs/x'],
        ['POST', '/runs/x/cancel'],
        ['GET', '/runs/x/stream'],
      ] as const) {
        assert.equal((await call(method, path + rest)).status, 400, `${method} ${rest} ${name}`);
      }
      assert.equal((await decide('Turner', id, 'x', { approved: true })).status, 400, name);
    }
    assert.equal((await sessions()).length, before, 'nothing came into being');
    await ask('Turner', 'one', 'Case');
    await ask('Turner', 'two', 'case');
    assert.equal((await view('Turner', 'Case')).body.messageCount, 2);
  });

  await t.test('who waits in vain, or goes away, finds the one answer later', async () => {
    for (const agent of ['Turner', 'Stepper']) {
      const calls = model.requests.length;
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { reply } = model;
      model.reply = async (request) => {
        await held;
        return reply(request);
      };
      const body = { message: 'slow', sessionId: 'slow' };
      const leaver = new AbortController();
      const left = fetch(`${host.url}/api/agents/${agent}/run`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': 'mine' },
        signal: leaver.signal,
      });
      await eventually('the model call', async () => (model.requests.length > calls ? true : undefined));
      leaver.abort();
      await assert.rejects(left);
      const waited = await host.post(`/api/agents/${agent}/run`, body, { 'idempotency-key': 'mine' });
      const { status, correlationId } = (await waited.json()) as { status: string; correlationId: string };
      assert.deepEqual([waited.status, status], [202, 'accepted'], 'the wait is over before the turn');
      release();
      const run = await eventually('the answer', async () => {
        const found = await call('GET', `/api/agents/${agent}/sessions/slow/runs/${correlationId}`);
        return found.status === 202 ? undefined : found;
      });
      assert.deepEqual([run.status, run.body.response], [200, 'heard: slow']);
      const again = await host.post(`/api/agents/${agent}/run`, body, { 'idempotency-key': 'mine' });
      assert.equal(((await again.json()) as { response: string }).response, 'heard: slow');
      assert.equal(model.requests.length, calls + 1, 'one turn');
      model.reply = reply;
    }
  });

  await t.test('an agent without an endpoint has none, and a timer can call it all the same', async () => {
    assert.equal((await ask('Hidden', 'hi')).status, 404);
    assert.equal((await call('GET', '/api/agents/Hidden/sessions')).status, 404);
    assert.equal((await call('POST', '/admin/functions/clock', {})).status, 202);
    const ended = await eventually('the orchestration', async () => {
      const status = await host.instance('by-the-clock');
      return status?.runtimeStatus === 'Completed' ? status : undefined;
    });
    assert.deepEqual(ended.output, ['heard: the clock struck']);
  });

  assert.deepEqual(lines('paid.log'), []);
});
