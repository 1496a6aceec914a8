import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { messageText } from '../../src/agent/message.ts';
import { SessionClient } from '../../src/client/session-client.ts';
import { emptyState } from '../../src/state/entity-state.ts';
import { withReceipts } from '../../src/state/receipts.ts';
import { withExchange } from '../state/turns.ts';
import { ManualTimers, settle } from './manual-timers.ts';
import { approval, at, busySession, SessionBackend } from './session-backend.ts';

let backend: SessionBackend;
let client: SessionClient;
let timers: ManualTimers;
let running: Set<string>;

beforeEach(() => {
  backend = new SessionBackend();
  timers = new ManualTimers();
  running = new Set();
  client = new SessionClient({ port: backend, timers, running: (session, id) => running.has(`${session} ${id}`) });
});

/** Lets time pass until the client has its answer. */
async function over<Result>(promise: Promise<Result>): Promise<Result> {
  let isOver = false;
  const watched = promise.finally(() => {
    isOver = true;
  });
  watched.catch(() => {});
  await settle();
  while (!isOver) await timers.next();
  return watched;
}

describe('reading a session', () => {
  it('gives its messages, sizes, deadline and what it works on', async () => {
    backend.put('s1', busySession());
    const { messages, stateBytes, ...view } = (await client.get('Joker', 's1')) ?? assert.fail();
    assert.deepEqual(view, {
      sessionId: 's1',
      agentName: 'Joker',
      status: 'waitingForApproval',
      schemaVersion: '1.1.0',
      messageCount: 2,
      expiresAt: at,
      activeTurn: { correlationId: 'parked', startedAt: at },
      queuedTurns: [{ correlationId: 'waiting', enqueuedAt: at }],
      pendingApprovals: [approval],
    });
    assert.equal(stateBytes, backend.states.get('s1')?.length);
    assert.deepEqual(
      messages.map((message) => [message.role, messageText(message), message.correlationId]),
      [
        ['user', 'Hello', 't1'],
        ['assistant', 'Hi', 't1'],
      ],
    );
  });

  it('that is not there gives nothing', async () => {
    assert.equal(await client.get('Joker', 's1'), undefined);
    backend.put('s1', emptyState());
    assert.equal(await client.get('Other', 's1'), undefined);
    assert.equal((await client.get('Joker', 's1'))?.status, 'idle');
  });

  it('that is damaged says so', async () => {
    backend.states.set('s1', '{"schemaVersion":"1.1.0","da');
    await assert.rejects(client.get('Joker', 's1'), { code: 'invalidState' });
  });

  it('over a runtime that is down fails with its cause', async () => {
    backend.error = new Error('down');
    await assert.rejects(client.get('Joker', 's1'), { code: 'runtimeUnavailable', cause: backend.error });
    await assert.rejects(client.list('Joker'), { code: 'runtimeUnavailable' });
  });

  for (const key of ['', ' ', '..', 'a/b', '@x@y', 'a\nb', '%2e', 'x'.repeat(257)]) {
    it(`with the id ${JSON.stringify(key.slice(0, 10))} is refused by each method`, async () => {
      for (const ask of [client.get('Joker', key), client.getRun('Joker', key, 't')]) {
        await assert.rejects(ask, { code: 'invalidSessionId', status: 400 });
      }
      await assert.rejects(async () => client.delete('Joker', key), { code: 'invalidSessionId' });
      await assert.rejects(async () => client.reset('Joker', key), { code: 'invalidSessionId' });
      assert.deepEqual(backend.orders, []);
    });
  }
});

describe('the list of sessions', () => {
  beforeEach(() => {
    for (const key of ['a1', 'a2', 'b1', 'b2', 'b3', 'c1']) backend.put(key, emptyState());
  });

  it('comes in pages, each session once', async () => {
    const seen: string[] = [];
    let continuation: string | undefined;
    do {
      const page = await client.list('Joker', { pageSize: 4, continuation });
      seen.push(...page.sessions.map(({ sessionId }) => sessionId));
      continuation = page.continuation;
    } while (continuation !== undefined);
    assert.deepEqual(seen, ['a1', 'a2', 'b1', 'b2', 'b3', 'c1']);
    assert.equal(backend.queries[0]?.name, 'dafx-joker');
  });

  it('can have only those that begin with a text, without losing one', async () => {
    const first = await client.list('Joker', { prefix: 'b', pageSize: 2 });
    assert.deepEqual(first.sessions, [
      { sessionId: 'b1', lastUsedAt: at },
      { sessionId: 'b2', lastUsedAt: at },
    ]);
    const { continuation } = first;
    const second = await client.list('Joker', { prefix: 'b', pageSize: 2, continuation });
    assert.deepEqual(
      second.sessions.map(({ sessionId }) => sessionId),
      ['b3'],
    );
    assert.equal(second.continuation, undefined);
  });

  it('stops looking after a while and says where to go on', async () => {
    for (let index = 0; index < 100; index++) backend.put(`d${String(index).padStart(3, '0')}`, emptyState());
    const page = await client.list('Joker', { prefix: 'e', pageSize: 1 });
    assert.deepEqual(page.sessions, []);
    assert.equal(page.continuation, '20');
  });

  for (const pageSize of [0, -1, 1.5, 1_001]) {
    it(`with pages of ${pageSize} is refused`, async () => {
      await assert.rejects(client.list('Joker', { pageSize }), { code: 'invalidPageSize', status: 400 });
    });
  }
});

describe('what became of a turn', () => {
  beforeEach(() => backend.put('s1', busySession()));

  it('is its answer, with what was asked', async () => {
    const run = (await client.getRun('Joker', 's1', 't1')) ?? assert.fail();
    assert.ok(run.status === 'completed');
    assert.deepEqual([run.response.text, run.message, run.messageCount], ['Hi', 'Hello', 2]);
  });

  it('is that it waits, for a person or for the turns before it', async () => {
    assert.deepEqual(await client.getRun('Joker', 's1', 'parked'), {
      status: 'waitingForApproval',
      pendingApprovals: [approval],
    });
    assert.deepEqual(await client.getRun('Joker', 's1', 'waiting'), { status: 'queued' });
  });

  it('is that it runs, also when no state has it yet', async () => {
    running.add('@dafx-joker@new t9');
    assert.deepEqual(await client.getRun('Joker', 'new', 't9'), { status: 'running' });
  });

  it('is that it is on its way, for an id that was made within the hour', async () => {
    const idOf = (time: number) => `${time.toString(16).padStart(12, '0')}7abc8def0123456789abcdef`.slice(0, 32);
    const now = Date.parse(at);
    client = new SessionClient({ port: backend, clock: () => now });
    for (const time of [now, now - 3_600_000, now + 60_000]) {
      assert.deepEqual(await client.getRun('Joker', 'new', idOf(time)), { status: 'accepted' });
    }
    for (const time of [now - 3_600_001, now + 60_001, 0]) {
      assert.equal(await client.getRun('Joker', 'new', idOf(time)), undefined);
    }
    assert.equal(await client.getRun('Joker', 'new', idOf(now).replace('7abc', '4abc')), undefined);
  });

  it('is that it has ended and its result is gone', async () => {
    backend.put('s2', withReceipts(emptyState(), [{ correlationId: 'old', outcome: 'succeeded', completedAt: at }]));
    const run = await client.getRun('Joker', 's2', 'old');
    assert.equal(run?.status === 'failed' && run.error.code, 'resultUnavailable');
  });

  it('is unknown for an id or a session that never was', async () => {
    assert.equal(await client.getRun('Joker', 's1', 'other'), undefined);
    assert.equal(await client.getRun('Joker', 'none', 't1'), undefined);
  });
});

describe('an order to a session', () => {
  for (const operation of ['delete', 'reset'] as const) {
    it(`to ${operation} is done when the state shows it`, async () => {
      backend.put('s1', withExchange(emptyState(), 't1', 'a', 'b'));
      assert.equal(await over(client[operation]('Joker', 's1')), 'done');
      assert.deepEqual(backend.orders, [`dafx-joker s1 ${operation} {}`]);
    });

    it(`to ${operation} is accepted when the session is busy`, async () => {
      backend.put('s1', withExchange(emptyState(), 't1', 'a', 'b'));
      backend.isBusy = true;
      assert.equal(await over(client[operation]('Joker', 's1')), 'accepted');
      assert.ok(timers.now() >= 5_000);
    });

    it(`to ${operation} is not sent to a session that is not there`, async () => {
      assert.equal(await over(client[operation]('Joker', 's1')), 'notFound');
      assert.deepEqual(backend.orders, []);
    });

    it(`to ${operation} helps a damaged session`, async () => {
      backend.states.set('s1', '{"schema');
      assert.equal(await over(client[operation]('Joker', 's1')), 'done');
    });
  }

  it('is not done as long as the damaged state is there', async () => {
    backend.states.set('s1', '{"schema');
    backend.isBusy = true;
    assert.equal(await over(client.reset('Joker', 's1')), 'accepted');
  });
});
