import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ChatMessage, messageText, textMessage } from '../../src/agent/message.ts';
import { keepAll, keepLast } from '../../src/entity/retention.ts';
import { readBookkeeping } from '../../src/entity/session-bookkeeping.ts';
import { SessionKeeping } from '../../src/entity/session-keeping.ts';
import { type AppSessionOptions, keepingSettings, type SessionOptions } from '../../src/entity/session-options.ts';
import { DurableAgentError } from '../../src/errors.ts';
import { checkSessionKey, formatSessionId } from '../../src/ids.ts';
import { silentLogger } from '../../src/log.ts';
import { MemoryHistory } from '../../src/session/memory-history.ts';
import type { TurnEnding } from '../../src/state/record-turn.ts';

const day = 24 * 3_600_000;
const sessionId = formatSessionId('Joker', checkSessionKey('s1'));

/** A session as its entity keeps it, with a clock that tests move. */
class KeptSession {
  now = new Date('2026-03-01T10:00:00.000Z');
  text: string | undefined;
  starts = 0;
  readonly keeping: SessionKeeping;

  constructor(app: AppSessionOptions = {}, agent: SessionOptions = {}) {
    const signal = new AbortController().signal;
    const context = { agentName: 'Joker', sessionId, now: () => this.now, log: silentLogger, signal };
    this.keeping = new SessionKeeping(keepingSettings(app, agent), context);
  }

  later(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  /** One turn; what its model saw. */
  async turn(id: string, size = 2, failed = false): Promise<string[]> {
    const createdAt = this.now.toISOString();
    const state = await this.keeping.openFor(this.keeping.parse(this.text));
    const seen = await this.keeping.conversation(state);
    const response = { text: '', messages: [textMessage('assistant', `a${id}`.padEnd(size, '.'))] };
    const failure = { code: 'modelUnavailable', message: 'Down.' };
    const ending: TurnEnding = failed
      ? { status: 'failed', createdAt, failure, messages: [], authorName: 'Joker' }
      : { status: 'completed', createdAt, response };
    await this.end(id, ending, state);
    return seen.map(messageText);
  }

  async end(id: string, ending: TurnEnding, state = this.keeping.parse(this.text)): Promise<void> {
    const request = { correlationId: id, createdAt: this.now.toISOString(), messages: [textMessage('user', `q${id}`)] };
    const kept = await this.keeping.settle(state, request, ending);
    this.text = JSON.stringify(kept.state);
    this.starts += kept.actions.length;
  }

  async check() {
    const { instanceId } = readBookkeeping(this.keeping.parse(this.text)).expiryCheck ?? {};
    const outcome = await this.keeping.checkExpiry(this.keeping.parse(this.text), { instanceId });
    if (outcome.deleted) this.text = undefined;
    else if (outcome.state !== undefined) this.text = JSON.stringify(outcome.state);
    return outcome.result.status;
  }

  answer(id: string) {
    return this.keeping.answerOf(this.keeping.parse(this.text), id);
  }
}

describe('a session over time', () => {
  it('goes on until its time is over, and asks for one check', async () => {
    const session = new KeptSession();
    await session.turn('1');
    session.later(13 * day);
    assert.deepEqual(await session.turn('2'), ['q1', 'a1']);
    session.later(13 * day);
    assert.equal(await session.check(), 'waiting');
    assert.deepEqual(await session.turn('3'), ['q1', 'a1', 'q2', 'a2']);
    assert.equal(session.starts, 1);
    session.later(14 * day);
    assert.equal(await session.check(), 'deleted');
    assert.equal(session.text, undefined);
    assert.deepEqual(await session.turn('4'), []);
    assert.equal(session.starts, 2);
  });

  it('used after its time and before its check begins a fresh conversation, whose check then waits on', async () => {
    const session = new KeptSession();
    await session.turn('1');
    session.later(14 * day);
    assert.deepEqual(await session.turn('2'), []);
    assert.equal(await session.answer('1'), undefined);
    assert.equal(await session.check(), 'waiting');
    assert.deepEqual(await session.turn('3'), ['q2', 'a2']);
    assert.equal(session.starts, 1);
  });

  it('a failed turn does not make it live longer', async () => {
    const session = new KeptSession();
    await session.turn('1');
    session.later(13 * day);
    await session.turn('2', 2, true);
    session.later(day);
    assert.equal(await session.check(), 'deleted');
  });

  it('of an agent with null lives for ever, whatever the app says', async () => {
    const session = new KeptSession({ ttlMs: 1_000 }, { ttlMs: null });
    await session.turn('1');
    session.later(1_000 * day);
    assert.deepEqual(await session.turn('2'), ['q1', 'a1']);
    assert.equal(session.starts, 0);
  });
});

describe('what a session keeps', () => {
  it('and what its model sees are two settings', async () => {
    const session = new KeptSession({ retention: keepLast(3), context: keepLast(1) });
    for (const id of ['1', '2', '3', '4']) await session.turn(id);
    assert.deepEqual(await session.turn('5'), ['q4', 'a4']);
    assert.equal(session.keeping.parse(session.text).data.conversationHistory?.length, 6);
  });

  it('outside is read for the model, answers old turns, and goes with the session', async () => {
    const provider = new MemoryHistory();
    const session = new KeptSession({ history: { provider } });
    for (const id of ['1', '2', '3', '4']) await session.turn(id);
    assert.equal((await session.turn('5')).length, 8);
    assert.equal((await session.answer('1'))?.status, 'completed');
    session.later(14 * day);
    assert.equal(await session.check(), 'deleted');
    assert.deepEqual(await provider.load(sessionId, 0, 10), []);
  });

  it('outside is gone after a reset and after a fresh beginning', async () => {
    const provider = new MemoryHistory();
    const session = new KeptSession({ history: { provider } });
    await session.turn('1');
    session.text = JSON.stringify(await session.keeping.reset(session.keeping.parse(session.text)));
    assert.deepEqual(await session.turn('2'), []);
    session.later(15 * day);
    assert.deepEqual(await session.turn('3'), []);
    assert.deepEqual(
      (await provider.load(sessionId, 0, 10)).map(({ correlationId }) => correlationId),
      ['3'],
    );
  });

  it('outside that cannot be written fails the turn, with what its tools did on record, and the next one goes on', async () => {
    const provider = new MemoryHistory();
    const session = new KeptSession({ history: { provider } });
    await session.turn('1');
    const { append } = provider;
    provider.append = async () => {
      throw new DurableAgentError('historyUnavailable', 'Down.');
    };
    const messages: ChatMessage[] = [
      { role: 'assistant', contents: [{ type: 'functionCall', callId: 'c', name: 'pay', arguments: { amount: 5 } }] },
      { role: 'tool', contents: [{ type: 'functionResult', callId: 'c', result: 'paid' }] },
      textMessage('assistant', 'It is paid.'),
    ];
    await session.end('2', { status: 'completed', createdAt: '', response: { text: '', messages } });
    const answer = await session.answer('2');
    assert.deepEqual(answer, { status: 'failed', error: { code: 'historyUnavailable', message: 'Down.' } });
    provider.append = append;
    assert.deepEqual(await session.turn('3'), ['', '', 'q1', 'a1'], 'the call and its result are known');
    assert.equal((await session.answer('3'))?.status, 'completed');
  });

  it('that cannot be had any more fails the turn, also where the store itself breaks', async () => {
    for (const error of [new TypeError('at /home/me'), new DurableAgentError('historyUnavailable', 'Down.')]) {
      const provider = new MemoryHistory();
      const session = new KeptSession({ history: { provider } });
      provider.append = async () => {
        throw error;
      };
      await session.turn('1');
      const answer = await session.answer('1');
      const code = error instanceof DurableAgentError ? 'historyUnavailable' : 'internalError';
      assert.equal(answer?.status === 'failed' && answer.error.code, code);
      assert.doesNotMatch(JSON.stringify(answer), /home/);
      assert.notEqual(
        session.keeping.parse(session.text).data.expirationTimeUtc,
        undefined,
        'it does not stay for ever',
      );
    }
  });

  it('outside cannot be left: an app without the store does not go on without the conversation', async () => {
    const session = new KeptSession({ history: { provider: new MemoryHistory() } });
    await session.turn('1');
    const without = new KeptSession();
    without.text = session.text;
    await assert.rejects(without.turn('2'), { code: 'historyProviderChanged' });
  });

  it('stays under its limit for 2,000 turns by default, and the newest are there', async () => {
    const session = new KeptSession({ maxStateBytes: 65_536 });
    for (let index = 0; index < 2_000; index++) await session.turn(`t${index}`, 200);
    assert.ok((session.text?.length ?? 0) < 65_536);
    assert.equal((await session.answer('t1999'))?.status, 'completed');
    const gone = await session.answer('t1800');
    assert.equal(gone?.status === 'failed' && gone.error.code, 'resultUnavailable');
  });

  it('with keepAll is refused at its limit before the model is asked', async () => {
    const session = new KeptSession({ maxStateBytes: 65_536, retention: keepAll() });
    await session.turn('1', 45_000);
    const state = session.keeping.parse(session.text);
    const request = { correlationId: '2', createdAt: '', messages: [textMessage('user', 'x'.repeat(10_000))] };
    const failure = session.keeping.refusal(state, request);
    assert.equal(failure?.code, 'stateTooLarge');
  });
});

describe('the options of sessions', () => {
  for (const options of [
    { schemaVersion: '1.2.0' as never },
    { resultRetentionMs: 0 },
    { maxStateBytes: 1 },
    { ttlMs: 0 },
  ]) {
    it(`${JSON.stringify(options)} are refused`, () => {
      assert.throws(() => keepingSettings(options), { code: 'invalidOption' });
    });
  }

  it("an agent's own count first", () => {
    const settings = keepingSettings(
      { maxStateBytes: 70_000, resultRetentionMs: 5 },
      { maxStateBytes: 80_000, resultRetentionMs: null },
    );
    assert.equal(settings.maxStateBytes, 80_000);
    assert.equal(settings.resultRetentionMs, null);
    assert.equal(settings.freshVersion, '1.1.0');
    assert.equal(settings.retention.name, 'keepWhatFits');
  });
});
