import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageText, textMessage } from '../../src/agent/message.ts';
import { loadHistory, settleExternalTurn } from '../../src/entity/retention-external.ts';
import { checkSessionKey, formatSessionId } from '../../src/ids.ts';
import { silentLogger } from '../../src/log.ts';
import { checkBinding } from '../../src/session/history-binding.ts';
import { MemoryHistory } from '../../src/session/memory-history.ts';
import { findAnswer } from '../../src/state/answer.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState, historyOf, type StateDocument } from '../../src/state/entity-state.ts';
import { conversationOf } from '../../src/state/history.ts';
import { resetState } from '../../src/state/reset-state.ts';
import { schemaProblems } from '../state/schema-1-1.ts';
import { withExchange } from '../state/turns.ts';

const sessionId = formatSessionId('Joker', checkSessionKey('s1'));
const now = new Date('2026-03-02T00:00:00.000Z');
const createdAt = now.toISOString();
const context = { now, log: silentLogger, signal: new AbortController().signal, agentName: 'Joker', sessionId };

async function turn(state: StateDocument, provider: MemoryHistory, id: string, size = 2): Promise<StateDocument> {
  const request = { correlationId: id, createdAt, messages: [textMessage('user', `q${id}`)] };
  const response = { text: '', messages: [textMessage('assistant', `a${id}`.padEnd(size, '.'))] };
  const settings = { maxStateBytes: 100_000, history: { provider } };
  const settled = await settleExternalTurn(
    state,
    request,
    { status: 'completed', createdAt, response },
    settings,
    context,
  );
  return parseState(JSON.stringify(settled.state));
}

const seen = async (state: StateDocument, provider: MemoryHistory, loadTurns?: number) =>
  conversationOf(await loadHistory(state, { provider, loadTurns }, sessionId)).map(messageText);

for (const version of ['1.1.0', '2.0.0'] as const) {
  describe(`a conversation kept outside, session of version ${version}`, () => {
    it('is whole for the model, and the session stays small', async () => {
      const provider = new MemoryHistory();
      let state = emptyState(version);
      for (let index = 0; index < 5; index++) state = await turn(state, provider, String(index));
      assert.equal(historyOf(state).length, 4);
      assert.deepEqual(checkBinding(state, provider), { providerKey: 'memory', turns: 5 });
      assert.deepEqual(await seen(state, provider), ['q0', 'a0', 'q1', 'a1', 'q2', 'a2', 'q3', 'a3', 'q4', 'a4']);
      assert.deepEqual(await seen(state, provider, 1), ['q3', 'a3', 'q4', 'a4']);
      if (version === '1.1.0') assert.deepEqual(schemaProblems(JSON.parse(JSON.stringify(state))), []);
    });

    it('has the answer of a turn that the session itself no longer has', async () => {
      const provider = new MemoryHistory();
      let state = emptyState(version);
      for (let index = 0; index < 5; index++) state = await turn(state, provider, String(index));
      assert.equal(findAnswer(await loadHistory(state, { provider }, sessionId), '0')?.status, 'completed');
    });

    it('a reset session begins anew', async () => {
      const provider = new MemoryHistory();
      const state = resetState(await turn(emptyState(version), provider, '0'), now);
      await provider.delete(sessionId);
      assert.equal(checkBinding(state, provider), undefined);
      assert.deepEqual(await seen(await turn(state, provider, '1'), provider), ['q1', 'a1']);
    });

    it('of another store is refused before that store is asked', async () => {
      const state = await turn(emptyState(version), new MemoryHistory(), '0');
      const untouchable = { key: 'redis' } as never;
      await assert.rejects(loadHistory(state, { provider: untouchable }, sessionId), {
        code: 'historyProviderChanged',
      });
      assert.throws(() => checkBinding(state, undefined), { code: 'historyProviderChanged', message: /"memory"/ });
    });
  });
}

describe('a conversation kept outside', () => {
  it('that began in the session moves with it', async () => {
    const provider = new MemoryHistory();
    let state = emptyState();
    for (const id of ['0', '1', '2']) state = withExchange(state, id, `q${id}`, `a${id}`);
    state = await turn(state, provider, '3');
    assert.deepEqual(await seen(state, provider), ['q0', 'a0', 'q1', 'a1', 'q2', 'a2', 'q3', 'a3']);
    assert.equal(historyOf(state).length, 4);
  });

  it('a turn that was written and never committed is not part of it, and is replaced by the one that is', async () => {
    const provider = new MemoryHistory();
    const state = await turn(emptyState(), provider, '0');
    await turn(state, provider, 'lost');
    assert.deepEqual(await seen(state, provider), ['q0', 'a0']);
    const after = await turn(state, provider, '1');
    assert.deepEqual(await seen(after, provider), ['q0', 'a0', 'q1', 'a1']);
  });

  it('with turns missing in the store fails instead of going on without them', async () => {
    const provider = new MemoryHistory();
    const state = await turn(await turn(emptyState(), provider, '0'), provider, '1');
    await provider.delete(sessionId);
    await assert.rejects(loadHistory(state, { provider }, sessionId), { code: 'historyMissing' });
  });

  it('a store that fails makes the turn fail', async () => {
    const broken = Object.assign(new MemoryHistory(), { append: () => Promise.reject(new Error('down')) });
    await assert.rejects(turn(emptyState(), broken, '0'), /down/);
  });

  it('a turn that is too large is recorded as failed', async () => {
    const provider = new MemoryHistory();
    const state = await turn(emptyState(), provider, '0', 200_000);
    const answer = findAnswer(state, '0');
    assert.equal(answer?.status === 'failed' && answer.error.code, 'stateTooLarge');
  });

  it('that another runtime has bound is refused', () => {
    const historyBinding = { version: 1, ownerKind: 'historyProvider', providerKey: 'contoso' };
    const state = { ...emptyState('2.0.0'), data: { ...emptyState('2.0.0').data, historyBinding } };
    assert.throws(() => checkBinding(state, new MemoryHistory()), {
      code: 'historyProviderChanged',
      message: /contoso/,
    });
    const own = { ...state, data: { ...state.data, historyBinding: { ...historyBinding, ownerKind: 'durableState' } } };
    assert.equal(checkBinding(own, undefined), undefined);
  });
});
