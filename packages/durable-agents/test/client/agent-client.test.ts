import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageText, textMessage } from '../../src/agent/message.ts';
import { AgentClient } from '../../src/client/agent-client.ts';
import { TurnWaiters } from '../../src/client/turn-waiters.ts';
import type { RunAgentTurn } from '../../src/entity/run-turn.ts';
import { ModelError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import { FakeBackend } from './fake-backend.ts';

const echo: RunAgentTurn = async ({ messages }) => {
  const text = messages.map(messageText).join('|');
  return { status: 'completed', response: { text, messages: [textMessage('assistant', text)] } };
};

function setUp(runTurn: RunAgentTurn = echo) {
  const waiters = new TurnWaiters();
  const backend = new FakeBackend(runTurn, waiters);
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  return { waiters, backend, warnings, client: new AgentClient({ port: backend, waiters, log }) };
}

describe('a client', () => {
  it('sends a message to the session and gives back its answer', async () => {
    const { client, backend, waiters } = setUp();
    const result = await client.runAgent({ agentName: 'Joker', input: 'Hi', sessionKey: 'Trip 9' });
    assert.ok(result.status === 'completed');
    assert.equal(result.response.text, 'Hi');
    assert.equal(result.sessionKey, 'Trip 9');
    assert.equal(result.messageCount, 2);
    assert.match(result.correlationId, /^[0-9a-f]{32}$/);
    const [signal] = backend.signals;
    assert.deepEqual([signal?.name, signal?.key, signal?.operation], ['dafx-joker', 'Trip 9', 'run']);
    assert.equal(waiters.size, 0);
  });

  it('begins a new session when none is named', async () => {
    const { client } = setUp();
    const first = await client.runAgent({ agentName: 'Joker', input: 'a' });
    const second = await client.runAgent({ agentName: 'Joker', input: 'b' });
    assert.match(first.sessionKey, /^[0-9a-f]{32}$/);
    assert.notEqual(first.sessionKey, second.sessionKey);
  });

  it('does not wait when asked not to', async () => {
    let release = () => {};
    const begun = Promise.withResolvers<void>();
    const { client, backend, waiters } = setUp(async (turn) => {
      await new Promise<void>((resolve) => {
        release = resolve;
        begun.resolve();
      });
      return echo(turn);
    });
    const result = await client.runAgent({ agentName: 'Joker', input: 'Hi', sessionKey: 's', wait: false });
    assert.equal(result.status, 'accepted');
    assert.equal(backend.committed.size, 0);
    assert.equal(waiters.size, 0);
    await begun.promise;
    release();
    await backend.idle();
    assert.equal(backend.committed.size, 1);
  });

  it('gives up after the time limit and leaves the turn alone', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { client, backend, waiters } = setUp(async (turn) => {
      await gate;
      return echo(turn);
    });
    const result = await client.runAgent({ agentName: 'Joker', input: 'Hi', sessionKey: 's', timeoutMs: 5 });
    assert.equal(result.status, 'timeout');
    assert.equal(waiters.size, 0);
    release();
    await backend.idle();
    assert.match(backend.committed.get('dafx-joker/s') ?? '', new RegExp(result.correlationId));
  });

  it('a failed turn is a result with its code', async () => {
    const error = new ModelError('modelUnavailable', 'Away.', { retryable: true });
    const { client } = setUp(async () => ({ status: 'failed', error, messages: [] }));
    const result = await client.runAgent({ agentName: 'Joker', input: 'Hi' });
    assert.ok(result.status === 'failed');
    assert.deepEqual(result.error, { code: 'modelUnavailable', message: 'Away.', retryable: true });
  });

  it('each of 16 callers of one session gets the answer to its own message', async () => {
    const { client, waiters, backend } = setUp(async ({ messages }) => {
      const text = messageText(messages.at(-1) ?? textMessage('user', ''));
      return { status: 'completed', response: { text, messages: [textMessage('assistant', text)] } };
    });
    const words = Array.from({ length: 16 }, (_, index) => `word-${index}`);
    const results = await Promise.all(
      words.map((input) => client.runAgent({ agentName: 'Joker', input, sessionKey: 's' })),
    );
    assert.deepEqual(
      results.map((result) => result.status === 'completed' && result.response.text),
      words,
    );
    const history = JSON.parse(backend.committed.get('dafx-joker/s') ?? '').data.conversationHistory;
    assert.deepEqual(
      history.map((entry: { $type: string }) => entry.$type),
      words.flatMap(() => ['request', 'response']),
    );
    assert.equal(waiters.size, 0);
  });

  it('a message that the backend did not take is an error with its cause', async () => {
    const { client, backend, waiters } = setUp();
    backend.signalError = new Error('connect ECONNREFUSED');
    for (const wait of [true, false]) {
      const sending = client.runAgent({ agentName: 'Joker', input: 'Hi', wait });
      await assert.rejects(sending, { code: 'runtimeUnavailable', cause: backend.signalError });
    }
    assert.equal(waiters.size, 0);
  });

  it('a look that fails is tried again and logged', async () => {
    const { client, backend, warnings } = setUp();
    backend.readError = new Error('503');
    const sending = client.runAgent({ agentName: 'Joker', input: 'Hi' });
    await backend.idle();
    await new Promise((resolve) => setTimeout(resolve, 5));
    backend.readError = undefined;
    assert.equal((await sending).status, 'completed');
    assert.ok(warnings.length > 0);
  });

  it('a damaged session is said to be damaged', async () => {
    const { client, backend } = setUp();
    backend.committed.set('dafx-joker/s', '{"data":{}}');
    const result = await client.runAgent({ agentName: 'Joker', input: 'Hi', sessionKey: 's' });
    assert.equal(result.status === 'failed' && result.error.code, 'invalidState');
  });

  it('a session id that cannot be used is refused before anything is sent', async () => {
    const { client, backend } = setUp();
    await assert.rejects(client.runAgent({ agentName: 'Joker', input: 'Hi', sessionKey: '../x' }), {
      code: 'invalidSessionId',
    });
    assert.equal(backend.signals.length, 0);
  });
});
