import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { messageText } from '../../src/agent/message.ts';
import { keepAll, keepLast, keepWhatFits, type RetentionPolicy, tokenBudget } from '../../src/entity/retention.ts';
import { applyRetention, stateBytes, visibleState } from '../../src/entity/retention-apply.ts';
import { estimateTokens } from '../../src/entity/retention-estimate.ts';
import { partsOf } from '../../src/entity/retention-exchanges.ts';
import { silentLogger } from '../../src/log.ts';
import { findAnswer } from '../../src/state/answer.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState, historyOf, type StateDocument, type StoredEntry } from '../../src/state/entity-state.ts';
import { conversationOf } from '../../src/state/history.ts';
import { foreignDocument, withHistory } from '../state/documents.ts';
import { schemaProblems } from '../state/schema-1-1.ts';
import { withExchange } from '../state/turns.ts';

const now = new Date('2026-03-02T00:00:00.000Z');
const context = { maxStateBytes: 1_000_000, now, log: silentLogger, signal: new AbortController().signal };

/** A session with exchanges `q0`/`a0`, `q1`/`a1` …; the text of each is `size` long. */
function session(count: number, size = 2, version: '1.1.0' | '2.0.0' = '1.1.0'): StateDocument {
  let state = emptyState(version);
  for (let index = 0; index < count; index++) {
    state = withExchange(state, `t${index}`, `q${index}`.padEnd(size, '.'), `a${index}`.padEnd(size, '.'));
  }
  return state;
}

const texts = (state: StateDocument) => conversationOf(state).map(messageText);

async function retained(state: StateDocument, policy: RetentionPolicy, maxStateBytes = context.maxStateBytes) {
  const outcome = await applyRetention(state, policy, { ...context, maxStateBytes });
  return { ...outcome, state: parseState(JSON.stringify(outcome.state)) };
}

describe('keeping the last exchanges', () => {
  it('lets the older ones go, request and answer together', async () => {
    const { state, droppedExchanges, bytes } = await retained(session(5), keepLast(2));
    assert.deepEqual(texts(state), ['q3', 'a3', 'q4', 'a4']);
    assert.equal(droppedExchanges, 3);
    assert.equal(bytes, Buffer.byteLength(JSON.stringify(state)));
    assert.deepEqual(schemaProblems(JSON.parse(JSON.stringify(state))), []);
  });

  it('changes nothing while there are not more', async () => {
    const before = session(2);
    assert.equal((await applyRetention(before, keepLast(2), context)).state, before);
  });

  it('a turn that has gone is answered as ended, and is not run again', async () => {
    const { state } = await retained(session(3), keepLast(1));
    const answer = findAnswer(state, 't0');
    assert.deepEqual(answer?.status === 'failed' && [answer.error.code, answer.error.details], [
      'resultUnavailable',
      { outcome: 'succeeded', completedAt: '2026-03-01T10:00:03.000Z' },
    ]);
    assert.equal(findAnswer(state, 't2')?.status, 'completed');
  });

  it('that a failed turn has gone is remembered as a failure', async () => {
    const { state } = await retained(withExchange(foreignDocument(), 'new', 'q', 'a'), keepLast(1));
    const outcomeOf = (id: string) =>
      (findAnswer(state, id) as unknown as { error: { details: { outcome: string } } }).error.details.outcome;
    assert.equal(outcomeOf('turn-1'), 'succeeded');
    assert.equal(outcomeOf('turn-2'), 'failed');
  });

  it('in schema 2 the results stay, and the document says that something has gone', async () => {
    const { state } = await retained(session(3, 2, '2.0.0'), keepLast(1));
    assert.equal(findAnswer(state, 't0')?.status, 'completed');
    const truncation = { evictedMessageCount: 4, firstEvictedAt: now.toISOString(), lastEvictedAt: now.toISOString() };
    assert.deepEqual(state.data.truncation, truncation);
    const again = await retained(withExchange(state, 'x', 'q', 'a'), keepLast(1));
    assert.equal((again.state.data.truncation as { evictedMessageCount: number }).evictedMessageCount, 6);
    assert.equal(again.state.data.extensionData, undefined);
  });

  for (const count of [0, -1, 1.5, Number.NaN]) {
    it(`${count} exchanges are refused`, () => {
      assert.throws(() => keepLast(count), { code: 'invalidOption' });
    });
  }
});

describe('what always stays', () => {
  const system: StoredEntry = {
    $type: 'request',
    correlationId: 's',
    messages: [
      { role: 'system', contents: [{ $type: 'text', text: 'Speak Polish.' }] },
      { role: 'user', contents: [{ $type: 'text', text: 'Hello' }] },
    ],
  };

  it('is each system message, again and again', async () => {
    let state = parseState(withHistory([system]));
    for (let index = 0; index < 3; index++) {
      state = (await retained(withExchange(state, `t${index}`, `q${index}`, `a${index}`), keepLast(1))).state;
    }
    assert.deepEqual(texts(state), ['Speak Polish.', 'q2', 'a2']);
  });

  it('is the newest exchange, whatever the policy says', async () => {
    const greedy: RetentionPolicy = { name: 'greedy', drop: ({ length }) => length, yieldsToLimit: true };
    assert.deepEqual(texts((await retained(session(3), greedy)).state), ['q2', 'a2']);
  });

  it('is a tool call together with its result, also when they are in different turns', () => {
    const call = { $type: 'functionCall', callId: 'c', name: 'f' };
    const result = { $type: 'functionResult', callId: 'c', result: 1 };
    const one = (correlationId: string, role: string, content: { $type: string }): StoredEntry => ({
      $type: role === 'user' ? 'request' : 'response',
      correlationId,
      messages: [{ role, contents: [content] }],
    });
    const say = { $type: 'text', text: 'x' };
    const history = [
      one('1', 'user', say),
      one('1', 'assistant', call),
      one('2', 'user', say),
      one('3', 'user', result),
      one('3', 'assistant', say),
      one('4', 'user', say),
    ];
    const { exchanges } = partsOf(history);
    assert.deepEqual(
      exchanges.map(({ entries }) => entries.length),
      [5, 1],
    );
  });

  it('history in parts is the whole history, in its order', () => {
    const content = fc.record({
      $type: fc.constantFrom('functionCall', 'functionResult'),
      callId: fc.constantFrom('a', 'b', 'c'),
    });
    const entry = fc.record({
      $type: fc.constantFrom('request', 'response'),
      correlationId: fc.constantFrom('1', '2', '3'),
      messages: fc.array(
        fc.record({
          role: fc.constantFrom('user', 'assistant', 'system'),
          contents: fc.array(content, { maxLength: 3 }),
        }),
        { maxLength: 2 },
      ),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (history) => {
        const { pinned, exchanges } = partsOf(history);
        assert.deepEqual([...pinned, ...exchanges.flatMap(({ entries }) => entries)], history);
        // No result is parted from the call before it.
        const open = new Map<string, number>();
        for (const [index, { entries }] of exchanges.entries()) {
          for (const { $type, callId } of entries
            .flatMap((each) => each.messages ?? [])
            .flatMap(({ contents }) => contents ?? [])) {
            if ($type === 'functionCall') open.set(String(callId), index);
            else if (open.has(String(callId))) {
              assert.equal(open.get(String(callId)), index);
              open.delete(String(callId));
            }
          }
        }
      }),
    );
  });
});

describe('a token budget', () => {
  it('keeps the last exchanges that fit, and always one', async () => {
    const count = () => 10;
    assert.deepEqual(texts((await retained(session(4), tokenBudget(25, count))).state), ['q2', 'a2', 'q3', 'a3']);
    assert.deepEqual(texts((await retained(session(4), tokenBudget(1, count))).state), ['q3', 'a3']);
    assert.deepEqual(texts((await retained(session(4), tokenBudget(40, count))).state).length, 8);
  });

  it('counts a quarter of the characters, and files by a fixed sum', () => {
    const contents = [
      { type: 'text' as const, text: 'x'.repeat(400) },
      { type: 'data' as const, uri: `data:image/png;base64,${'A'.repeat(100_000)}` },
    ];
    assert.equal(estimateTokens([{ role: 'user', contents }]), 1_100);
  });
});

describe('the limit of a session', () => {
  it('makes the oldest exchanges go in time, down to where there is room again', async () => {
    const before = session(100, 500);
    const limit = Math.round(stateBytes(before) / 0.86);
    const { state, bytes, droppedExchanges } = await retained(before, keepWhatFits(), limit);
    assert.ok(bytes <= limit * 0.72 && bytes > limit * 0.6, `${bytes} of ${limit}`);
    assert.ok(droppedExchanges > 10 && droppedExchanges < 30, `${droppedExchanges}`);
    assert.equal(texts(state).at(-1), 'a99'.padEnd(500, '.'));
  });

  it('does nothing to a session that is far from it, or that keeps everything', async () => {
    const before = session(100, 500);
    const size = stateBytes(before);
    assert.equal((await applyRetention(before, keepWhatFits(), { ...context, maxStateBytes: size * 2 })).state, before);
    assert.equal((await applyRetention(before, keepAll(), { ...context, maxStateBytes: size / 2 })).state, before);
  });

  it('also lets go of what a compaction of another runtime has replaced, which no model sees', async () => {
    const compaction = {
      $type: 'compaction',
      messages: [{ role: 'system', contents: [{ $type: 'text', text: 'Earlier: a trip.' }] }],
    };
    const entries = [...historyOf(session(50, 500)), compaction, ...historyOf(session(3))];
    const before = { ...parseState(withHistory(entries)), schemaVersion: '1.2.0' };
    const { state, droppedExchanges } = await retained(before, keepWhatFits(), Math.round(stateBytes(before) / 0.86));
    assert.equal(droppedExchanges, 0);
    assert.equal(historyOf(state).length, 7);
    assert.deepEqual(texts(state), texts(before));
    const last = await retained(before, keepLast(1));
    assert.deepEqual(texts(last.state), ['Earlier: a trip.', 'q2', 'a2']);
  });
});

describe('what a model sees', () => {
  it('can be less than what is kept', () => {
    const state = session(5);
    assert.deepEqual(texts(visibleState(state, keepLast(1))), ['q4', 'a4']);
    assert.equal(visibleState(state, keepAll()), state);
    assert.equal(historyOf(state).length, 10);
  });
});
