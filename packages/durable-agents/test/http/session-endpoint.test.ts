import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { SessionClient } from '../../src/client/session-client.ts';
import type { HttpReply } from '../../src/http/reply.ts';
import {
  type SessionEndpoint,
  serveRunResult,
  serveSession,
  serveSessionDelete,
  serveSessionList,
  serveSessionReset,
} from '../../src/http/session-endpoint.ts';
import { silentLogger } from '../../src/log.ts';
import { emptyState } from '../../src/state/entity-state.ts';
import { withReceipts } from '../../src/state/receipts.ts';
import { recordTurn } from '../../src/state/record-turn.ts';
import { at, busySession, SessionBackend } from '../client/session-backend.ts';
import { failed, request, withExchange } from '../state/turns.ts';

let backend: SessionBackend;
let endpoint: SessionEndpoint;

beforeEach(() => {
  backend = new SessionBackend();
  // Each look at the clock is a second later, so that nothing waits in earnest.
  let now = 0;
  const timers = {
    now: () => (now += 1_000),
    after: (_: number, callback: () => void) => {
      setImmediate(callback);
      return () => {};
    },
  };
  const client = new SessionClient({ port: backend, timers });
  endpoint = { agentName: 'Joker', client, log: silentLogger, legacyThreadNames: false };
});

const query = (text = '') => ({ query: new URLSearchParams(text) });
const accepting = (accept: string | null) => ({ header: (name: string) => (name === 'accept' ? accept : null) });
// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
const json = (reply: HttpReply): any => JSON.parse(reply.body);
const result = (session: string, id: string, accept: string | null = null) =>
  serveRunResult(accepting(accept), session, id, endpoint);

describe('GET sessions/{sessionId}', () => {
  it('shows the session and its last messages', async () => {
    backend.put('s1', busySession());
    const reply = await serveSession(query('messages=1'), 's1', endpoint);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-ms-session-id'], 's1');
    const { messages, pendingApprovals, stateBytes, ...body } = json(reply);
    assert.deepEqual(body, {
      sessionId: 's1',
      session_id: 's1',
      agent: 'Joker',
      status: 'waitingForApproval',
      schemaVersion: '1.1.0',
      messageCount: 2,
      expiresAt: at,
      activeTurn: { correlationId: 'parked', startedAt: at },
      queuedTurns: [{ correlationId: 'waiting', enqueuedAt: at }],
    });
    assert.ok(stateBytes > 100);
    assert.deepEqual(messages, [{ role: 'assistant', contents: [{ $type: 'text', text: 'Hi' }], correlationId: 't1' }]);
    assert.equal(pendingApprovals[0].toolName, 'refund');
    assert.deepEqual(json(await serveSession(query('messages=0'), 's1', endpoint)).messages, []);
    assert.equal(json(await serveSession(query(), 's1', endpoint)).messages.length, 2);
  });

  it('is 404 for a session that is not there, 500 with its code for a damaged one', async () => {
    assert.deepEqual(json(await serveSession(query(), 'none', endpoint)).errorCode, 'sessionNotFound');
    backend.states.set('s1', '{"schema');
    const reply = await serveSession(query(), 's1', endpoint);
    assert.deepEqual([reply.status, json(reply).errorCode, json(reply).sessionId], [500, 'invalidState', 's1']);
  });

  for (const count of ['-1', '1.5', 'x', '1001']) {
    it(`with messages=${count} is 400`, async () => {
      assert.deepEqual((await serveSession(query(`messages=${count}`), 's1', endpoint)).status, 400);
    });
  }
});

describe('GET sessions', () => {
  it('lists them in pages', async () => {
    for (const key of ['a', 'b', 'c']) backend.put(key, emptyState());
    const first = json(await serveSessionList(query('top=2'), endpoint));
    assert.deepEqual(first, {
      agent: 'Joker',
      sessions: [
        { sessionId: 'a', lastUsedAt: at },
        { sessionId: 'b', lastUsedAt: at },
      ],
      continuation: '2',
    });
    const second = json(await serveSessionList(query('top=2&continuation=2'), endpoint));
    assert.deepEqual(
      second.sessions.map(({ sessionId }: { sessionId: string }) => sessionId),
      ['c'],
    );
    assert.equal('continuation' in second, false);
    assert.equal(json(await serveSessionList(query('prefix=c'), endpoint)).sessions.length, 1);
  });

  it('is 400 for a page size that is none, 503 while the runtime is down', async () => {
    assert.equal((await serveSessionList(query('top=0'), endpoint)).status, 400);
    backend.error = new Error('down');
    assert.equal((await serveSessionList(query(), endpoint)).status, 503);
  });
});

describe('GET sessions/{sessionId}/runs/{correlationId}', () => {
  beforeEach(() => backend.put('s1', busySession()));

  it('gives the answer as the run endpoint gives it', async () => {
    const reply = await result('s1', 't1');
    const { agentResponse, agent_response, ...body } = json(reply);
    assert.equal(reply.status, 200);
    assert.deepEqual(body, {
      response: 'Hi',
      message: 'Hello',
      sessionId: 's1',
      session_id: 's1',
      status: 'success',
      statusCode: 200,
      status_code: 200,
      correlationId: 't1',
      correlation_id: 't1',
      messageCount: 2,
      message_count: 2,
      metadata: {},
    });
    assert.deepEqual(agentResponse, agent_response);
    assert.equal((await result('s1', 't1', 'text/plain')).body, 'Hi');
  });

  it('gives the failure as the run endpoint gives it', async () => {
    backend.put('s2', recordTurn(emptyState(), request, failed));
    const reply = await result('s2', 'mine');
    assert.deepEqual([reply.status, json(reply).errorCode], [500, 'modelRateLimited']);
  });

  it('is 202 while the turn has not ended, with what it waits for', async () => {
    const waiting = await result('s1', 'waiting');
    assert.deepEqual([waiting.status, waiting.headers['retry-after'], json(waiting).status], [202, '1', 'queued']);
    const parked = await result('s1', 'parked');
    assert.deepEqual(
      [parked.status, json(parked).status, json(parked).pendingApprovals.length],
      [202, 'waitingForApproval', 1],
    );
  });

  it('is 410 when the result is gone, and the outcome is known', async () => {
    backend.put('s2', withReceipts(emptyState(), [{ correlationId: 'old', outcome: 'succeeded', completedAt: at }]));
    const reply = await result('s2', 'old');
    assert.equal(reply.status, 410);
    assert.deepEqual(
      [json(reply).status, json(reply).outcome, json(reply).error.code, json(reply).correlationId],
      ['completedResultUnavailable', 'succeeded', 'resultUnavailable', 'old'],
    );
  });

  it('is 404 for an id or a session that never was', async () => {
    assert.deepEqual(json(await result('s1', 'other')).errorCode, 'runNotFound');
    assert.equal((await result('none', 't1')).status, 404);
  });

  for (const id of ['', ' ', 'a\nb', 'x'.repeat(257)]) {
    it(`with the id ${JSON.stringify(id.slice(0, 5))} is 400`, async () => {
      assert.deepEqual(json(await result('s1', id)).errorCode, 'invalidCorrelationId');
    });
  }
});

describe('DELETE sessions/{sessionId} and POST …/reset', () => {
  it('say that it is done', async () => {
    backend.put('s1', withExchange(emptyState(), 't', 'a', 'b'));
    const reset = await serveSessionReset('s1', endpoint);
    assert.deepEqual([reset.status, json(reset).status], [200, 'reset']);
    const deleted = await serveSessionDelete('s1', endpoint);
    assert.deepEqual([deleted.status, json(deleted).status], [200, 'deleted']);
    assert.equal((await serveSession(query(), 's1', endpoint)).status, 404);
    assert.equal((await serveSessionDelete('s1', endpoint)).status, 404);
  });

  it('are 202 while the session is busy', async () => {
    backend.put('s1', withExchange(emptyState(), 't', 'a', 'b'));
    backend.isBusy = true;
    assert.equal((await serveSessionDelete('s1', endpoint)).status, 202);
    assert.deepEqual(json(await serveSessionReset('s1', endpoint)).status, 'accepted');
  });
});

describe('hostile session ids', () => {
  for (const id of [
    '',
    '..',
    '../../secret',
    'a/b',
    'a\\b',
    '@x@y',
    '%2e%2e%2f',
    'a\r\nSet-Cookie: x=1',
    'x'.repeat(5_000),
  ]) {
    it(`${JSON.stringify(id.slice(0, 15))} is 400 everywhere, and nothing is asked of the runtime`, async () => {
      const replies = await Promise.all([
        serveSession(query(), id, endpoint),
        serveSessionDelete(id, endpoint),
        serveSessionReset(id, endpoint),
        result(id, 't1'),
      ]);
      for (const reply of replies) {
        assert.deepEqual([reply.status, json(reply).errorCode], [400, 'invalidSessionId']);
        assert.equal(reply.headers['x-ms-session-id'], undefined);
      }
      assert.deepEqual(backend.orders, []);
    });
  }
});
