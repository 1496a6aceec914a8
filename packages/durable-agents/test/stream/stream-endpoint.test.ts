import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { textMessage } from '../../src/agent/message.ts';
import {
  type RecordedRun,
  type RunStreamEndpoint,
  serveRunStream,
  serveStream,
  wantsEventStream,
} from '../../src/http/stream-endpoint.ts';
import { silentLogger } from '../../src/log.ts';
import { MemoryStreamStore } from '../../src/stream/memory-stream-store.ts';
import type { StreamStore } from '../../src/stream/stream-store.ts';
import { TurnStream } from '../../src/stream/turn-stream.ts';
import { deltas, done, events } from './events.ts';
import { bodyOf, endpoint, eventFrames, type Frame, framesOf, key, path, request, texts } from './sse-client.ts';

describe('the run endpoint, asked for server-sent events', () => {
  it('starts the turn and streams 100 tokens in order, with ids, and a last event that says how it ended', async () => {
    const store = new MemoryStreamStore();
    const asked: string[] = [];
    const startRun: RunStreamEndpoint['startRun'] = async ({ text }, sessionKey) => {
      asked.push(`${sessionKey} ${text}`);
      const stream = new TurnStream({ key, agentName: 'Joker', store, log: silentLogger });
      stream.started({ simulated: false });
      for (let index = 0; index < 100; index++) stream.onModelUpdate({ type: 'text', text: `${index} ` });
      void stream.done({ status: 'completed', response: { text: 'all', messages: [] } });
      return { correlationId: 'run1' };
    };
    const raw = request(
      { accept: 'text/event-stream', 'content-type': 'application/json' },
      'sessionId=s',
      '{"message":"Hi"}',
    );
    const reply = await serveRunStream(raw, endpoint(store, { startRun }));
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-type'], 'text/event-stream');
    assert.equal(reply.headers['x-ms-session-id'], 's');
    assert.equal(reply.headers['x-ms-correlation-id'], 'run1');
    const frames = await eventFrames(reply);
    assert.deepEqual(asked, ['s Hi']);
    assert.deepEqual(
      texts(frames),
      Array.from({ length: 100 }, (_, index) => `${index} `),
    );
    assert.equal(new Set(frames.map(({ id }) => id)).size, frames.length);
    assert.ok(frames.every(({ id }) => id !== undefined));
    assert.deepEqual([frames[0]?.event, frames[0]?.data?.type], ['message', 'turnStarted']);
    assert.deepEqual([frames.at(-1)?.event, frames.at(-1)?.data?.outcome], ['done', 'completed']);
  });

  it('refuses a bad request with a plain reply and starts nothing', async () => {
    let started = 0;
    const startRun = async () => ({ correlationId: `${++started}` });
    const raw = request({ accept: 'text/event-stream', 'content-type': 'application/json' }, '', '{"message":" "}');
    const reply = await serveRunStream(raw, endpoint(new MemoryStreamStore(), { startRun }));
    assert.equal(reply.status, 400);
    assert.match(String(reply.body), /invalidMessage/);
    assert.equal(started, 0);
  });

  it('tells of the end by the record when the stream says nothing: its writer may be another process', async () => {
    const response = { text: 'recorded', messages: [textMessage('assistant', 'recorded')] };
    const findRun = async (): Promise<RecordedRun> => ({ status: 'completed', response });
    const raw = request({ accept: 'text/event-stream' }, '', 'Hi');
    const frames = await eventFrames(await serveRunStream(raw, endpoint(new MemoryStreamStore(), { findRun })));
    assert.deepEqual(
      frames.map(({ event, data }) => [event, data?.type, data?.text]),
      [['done', 'done', 'recorded']],
    );
  });

  it('prefers the stream to the record when both tell of the end at once', async () => {
    const store = new MemoryStreamStore();
    const findRun = async (): Promise<RecordedRun> => {
      await store.append(key, [...deltas(['late']), done(2)]);
      return { status: 'completed', response: { text: 'recorded', messages: [] } };
    };
    const raw = request({ accept: 'text/event-stream' }, 'sessionId=s', 'Hi');
    const frames = await eventFrames(await serveRunStream(raw, endpoint(store, { findRun })));
    assert.deepEqual(texts(frames), ['late']);
    assert.equal(frames.at(-1)?.data?.text, 'all');
  });

  it('is wanted only by those who accept it', () => {
    assert.equal(wantsEventStream('text/event-stream'), true);
    assert.equal(wantsEventStream('application/json, Text/Event-Stream;q=0.9'), true);
    for (const accept of [null, '', '*/*', 'text/*', 'text/event-stream;q=0', 'text/event-streams']) {
      assert.equal(wantsEventStream(accept), false, String(accept));
    }
  });
});

describe('the stream endpoint', () => {
  it('goes on after Last-Event-ID, or the cursor of the query, with exactly the rest', async () => {
    const store = new MemoryStreamStore();
    await store.append(key, [...deltas(Array.from({ length: 100 }, (_, index) => `${index + 1}`)), done(101)]);
    const all = await eventFrames(await serveStream(request(), path, endpoint(store)));
    const id = all[9]?.id ?? '';
    const rest = Array.from({ length: 90 }, (_, index) => `${index + 11}`);
    const byHeader = await serveStream(request({ 'last-event-id': id }), path, endpoint(store));
    assert.deepEqual(texts(await eventFrames(byHeader)), rest);
    const byQuery = await serveStream(request({}, `cursor=${id}`), path, endpoint(store));
    assert.deepEqual(texts(await eventFrames(byQuery)), rest);
    const both = await serveStream(
      request({ 'last-event-id': all[50]?.id ?? '' }, `cursor=${id}`),
      path,
      endpoint(store),
    );
    assert.equal(texts(await eventFrames(both))[0], '52', 'the header is newer: a browser sends it when it comes back');
    const afterTheEnd = await serveStream(request({ 'last-event-id': all.at(-1)?.id ?? '' }), path, endpoint(store));
    assert.deepEqual(await eventFrames(afterTheEnd), []);
  });

  it('loses and doubles nothing over many cuts at any place', async () => {
    const store = new MemoryStreamStore();
    const expected = Array.from({ length: 300 }, (_, index) => `é${index}`);
    const writing = (async () => {
      for (let index = 0; index < 300; index += 3) {
        await store.append(key, deltas(expected.slice(index, index + 3), index + 1));
        if (index % 30 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await store.append(key, [done(301)]);
    })();
    await store.open(key);
    const got: string[] = [];
    let id = '';
    let ended = false;
    for (let cut = 1; !ended; cut++) {
      const reply = await serveStream(request(id === '' ? {} : { 'last-event-id': id }), path, endpoint(store));
      let seen = 0;
      for await (const frame of framesOf(bodyOf(reply))) {
        if (frame.data === undefined) continue;
        id = frame.id ?? id;
        if (frame.data.type === 'textDelta') got.push(frame.data.text ?? '');
        ended = frame.data.type === 'done';
        // Leaving the loop cancels the body, as a cut connection does.
        if (++seen > cut % 7) break;
      }
    }
    await writing;
    assert.deepEqual(got, expected);
  });

  it('answers 404 for a run that neither stream nor session knows, 400 for an impossible session', async () => {
    const store = new MemoryStreamStore();
    const unknown = await serveStream(request({ accept: 'application/json' }), path, endpoint(store));
    assert.equal(unknown.status, 404);
    assert.match(String(unknown.body), /runNotFound/);
    const bad = await serveStream(request(), { sessionId: '@x@y', correlationId: 'r' }, endpoint(store));
    assert.equal(bad.status, 400);
  });

  it('streams a run that the session knows as running, and ends when it is recorded as failed', async () => {
    const runs: RecordedRun[] = [
      { status: 'running' },
      { status: 'running' },
      { status: 'failed', error: { code: 'modelFailed', message: 'It broke.' } },
    ];
    const findRun = async () => runs.shift() ?? { status: 'running' as const };
    const frames = await eventFrames(
      await serveStream(request(), path, endpoint(new MemoryStreamStore(), { findRun })),
    );
    assert.deepEqual(
      frames.map(({ event, data }) => [event, data?.error?.code]),
      [['error', 'modelFailed']],
    );
  });

  it('pings while nothing happens, and ends after its longest time without an end, for the reader to come back', async () => {
    const store = new MemoryStreamStore();
    await store.append(key, deltas(['a']));
    const reply = await serveStream(request(), path, endpoint(store, { pingMs: 10, maxDurationMs: 100 }));
    const frames: Frame[] = [];
    for await (const frame of framesOf(bodyOf(reply))) frames.push(frame);
    assert.ok(frames.filter(({ comment }) => comment === 'ping').length >= 2);
    assert.deepEqual(texts(frames), ['a']);
    assert.ok(frames.every(({ data }) => data?.type !== 'done'));
  });

  it('gives the bare text to those who want text, with a line for an error', async () => {
    const store = new MemoryStreamStore();
    await store.append(key, [...deltas(['It is ', 'réd 🐕.']), done(3)]);
    const reply = await serveStream(request({ accept: 'text/plain' }), path, endpoint(store));
    assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(await new Response(bodyOf(reply)).text(), 'It is réd 🐕.\n');

    const failed = { ...path, correlationId: 'run2' };
    const bodies = events([
      { type: 'textDelta', text: 'It is' },
      { type: 'attempt' },
      { type: 'textDelta', text: 'No' },
      { type: 'done', outcome: 'failed', error: { code: 'c', message: 'It broke.' } },
    ]);
    await store.append({ ...key, correlationId: 'run2' }, bodies);
    const text = await new Response(
      bodyOf(await serveStream(request({ accept: 'text/plain' }), failed, endpoint(store))),
    ).text();
    assert.equal(text, 'It is\n[The text begins again.]\nNo\n[Error: It broke.]\n');
  });

  it('says so when the stream cannot be read, gives no inner words away, and logs them', async () => {
    const inner = new MemoryStreamStore();
    await inner.open(key);
    const read = () => {
      throw new Error('connection to 10.0.0.1 refused');
    };
    const broken = Object.assign(Object.create(inner) as StreamStore, { exists: async () => true, read });
    const logged: string[] = [];
    const log = { ...silentLogger, error: (_: string, fields?: object) => void logged.push(JSON.stringify(fields)) };
    const reply = await serveStream(request(), path, endpoint(broken, { log }));
    const frames = await eventFrames(reply);
    assert.deepEqual(
      frames.map(({ event, data }) => [event, data?.error?.code]),
      [['error', 'streamUnavailable']],
    );
    assert.doesNotMatch(JSON.stringify(frames), /10\.0\.0\.1/);
    assert.match(logged[0] ?? '', /10\.0\.0\.1/);
  });

  it('reads nothing ahead of its reader, and stops when the reader goes', async () => {
    const inner = new MemoryStreamStore();
    let given = 0;
    const signals: AbortSignal[] = [];
    const read: StreamStore['read'] = async function* (turn, afterId, signal) {
      signals.push(signal);
      for await (const streamed of inner.read(turn, afterId, signal)) {
        given++;
        yield streamed;
      }
    };
    const counting = Object.assign(Object.create(inner) as StreamStore, { read, exists: async () => true });
    await inner.append(key, [...deltas(Array.from({ length: 50 }, () => 'x')), done(51)]);
    const reader = bodyOf(await serveStream(request(), path, endpoint(counting))).getReader();
    for (let index = 0; index < 4; index++) await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(given <= 5, `${given} events were taken for 3 that were read`);
    await reader.cancel();
    assert.equal(signals[0]?.aborted, true);
  });

  it('works with fetch over a real connection, cut in the middle and taken up again', async () => {
    const store = new MemoryStreamStore();
    const served = endpoint(store);
    const server = createServer(async (incoming, outgoing) => {
      const url = new URL(incoming.url ?? '/', 'http://localhost');
      const headers = incoming.headers as Record<string, string>;
      const reply = await serveStream(request(headers, url.search.slice(1)), path, served);
      outgoing.writeHead(reply.status, reply.headers);
      const body = Readable.fromWeb(bodyOf(reply) as Parameters<typeof Readable.fromWeb>[0]);
      outgoing.on('close', () => body.destroy());
      body.pipe(outgoing);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      const words = 'café 日本語 🐕 '.repeat(20);
      const turn = new TurnStream({ key, agentName: 'Joker', store, log: silentLogger });
      for (const letter of words.slice(0, 100)) turn.onModelUpdate({ type: 'text', text: letter });
      await turn.flush();
      let got = '';
      let id = '';
      const abort = new AbortController();
      const first = await fetch(url, { signal: abort.signal });
      for await (const frame of framesOf(first.body as unknown as AsyncIterable<Uint8Array>)) {
        id = frame.id ?? id;
        got += frame.data?.text ?? '';
        if (got.length > 40) break;
      }
      abort.abort();
      for (const letter of words.slice(100)) turn.onModelUpdate({ type: 'text', text: letter });
      await turn.done({ status: 'completed', response: { text: words, messages: [] } });
      const second = await fetch(url, { headers: { 'last-event-id': id } });
      for await (const frame of framesOf(second.body as unknown as AsyncIterable<Uint8Array>)) {
        if (frame.data?.type === 'textDelta') got += frame.data.text ?? '';
      }
      assert.equal(got, words);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
