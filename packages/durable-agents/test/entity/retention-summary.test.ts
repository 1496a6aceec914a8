import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageText, textMessage } from '../../src/agent/message.ts';
import { applyRetention } from '../../src/entity/retention-apply.ts';
import { summarize } from '../../src/entity/retention-summary.ts';
import { ModelError } from '../../src/errors.ts';
import type { JsonObject } from '../../src/json.ts';
import type { Logger } from '../../src/log.ts';
import type { ChatRequest, ChatResponse } from '../../src/model/chat-client.ts';
import { findAnswer } from '../../src/state/answer.ts';
import { parseState } from '../../src/state/codec.ts';
import { emptyState, type FreshVersion, historyOf, type StateDocument } from '../../src/state/entity-state.ts';
import { conversationOf } from '../../src/state/history.ts';
import { schemaProblems } from '../state/schema-1-1.ts';
import { withExchange } from '../state/turns.ts';

/** A model that answers as told and remembers what it was asked. */
class Summarizer {
  readonly asked: ChatRequest[] = [];
  readonly #answers: (string | Error)[];

  constructor(...answers: (string | Error)[]) {
    this.#answers = answers;
  }

  async complete(request: ChatRequest): Promise<ChatResponse> {
    this.asked.push(request);
    const answer = this.#answers.shift() ?? new Error('The model was asked once too often.');
    if (answer instanceof Error) throw answer;
    return { messages: [textMessage('assistant', answer)], finishReason: 'stop', usage: { totalTokenCount: 5 } };
  }
}

const warnings: string[] = [];
const warn = (message: string, fields?: JsonObject) => void warnings.push(`${message} ${JSON.stringify(fields)}`);
const log: Logger = { debug: warn, info: warn, warn, error: warn };
const context = {
  maxStateBytes: 1_000_000,
  now: new Date('2026-03-02T00:00:00.000Z'),
  log,
  signal: new AbortController().signal,
};

function add(state: StateDocument, from: number, to: number, size = 2): StateDocument {
  let after = state;
  for (let index = from; index < to; index++) {
    after = withExchange(after, `t${index}`, `q${index}`.padEnd(size, '.'), `a${index}`.padEnd(size, '.'));
  }
  return after;
}

const texts = (state: StateDocument) => conversationOf(state).map(messageText);

for (const version of ['1.1.0', '2.0.0'] as FreshVersion[]) {
  describe(`a summary in a document of version ${version}`, () => {
    it('takes the place of the older exchanges, and a later one takes its place', async () => {
      const model = new Summarizer('They talked.', 'They talked more.');
      const policy = summarize({ model, keepLast: 2, summarizeAt: 3, maxTokens: 77 });
      const first = await applyRetention(add(emptyState(version), 0, 4), policy, context);
      const state = parseState(JSON.stringify(first.state));
      assert.deepEqual(texts(state), ['Summary of the conversation so far: They talked.', 'q2', 'a2', 'q3', 'a3']);
      assert.equal(conversationOf(state)[0]?.role, 'system');
      assert.deepEqual(first.usage, { totalTokenCount: 5 });
      const second = await applyRetention(add(state, 4, 6), policy, context);
      assert.deepEqual(texts(second.state)[0], 'Summary of the conversation so far: They talked more.');
      assert.equal(texts(second.state).length, 5);
      const [, material] = model.asked[1]?.messages ?? [];
      assert.match(messageText(material as never), /They talked\.[\s\S]*user: q2\nassistant: a2\nuser: q3/);
      assert.doesNotMatch(messageText(material as never), /q0|q4/);
      assert.deepEqual(model.asked[0]?.options, { maxOutputTokens: 77 });
    });

    it('is written so that official readers can read it', async () => {
      const policy = summarize({ model: new Summarizer('S.'), keepLast: 1, summarizeAt: 1 });
      const { state } = await applyRetention(add(emptyState(version), 0, 2), policy, context);
      const [entry] = historyOf(state);
      assert.equal(entry?.$type, version === '1.1.0' ? 'request' : 'compaction');
      assert.equal('correlationId' in (entry ?? {}), false);
      if (version === '1.1.0') assert.deepEqual(schemaProblems(JSON.parse(JSON.stringify(state))), []);
      assert.notEqual(findAnswer(state, 't0'), undefined);
    });
  });
}

describe('summing up', () => {
  it('is not done before there is enough to sum up', async () => {
    const model = new Summarizer();
    const before = add(emptyState(), 0, 4);
    assert.equal((await applyRetention(before, summarize({ model, keepLast: 2 }), context)).state, before);
    assert.equal(model.asked.length, 0);
  });

  for (const [what, answer] of [
    ['fails', new ModelError('modelUnavailable', 'Down.', {})],
    ['says nothing', '  '],
  ] as const) {
    it(`by a model that ${what} drops nothing while the session fits`, async () => {
      warnings.length = 0;
      const before = add(emptyState(), 0, 4);
      const policy = summarize({ model: new Summarizer(answer), keepLast: 1, summarizeAt: 2 });
      assert.equal((await applyRetention(before, policy, context)).state, before);
      assert.match(warnings.join(), /could not be summed up/);
      assert.doesNotMatch(warnings.join(), /q0/);
    });
  }

  it('that fails in a full session lets the oldest go all the same', async () => {
    const before = add(emptyState(), 0, 20, 500);
    const maxStateBytes = JSON.stringify(before).length;
    const policy = summarize({ model: new Summarizer(new Error('down')), keepLast: 10, summarizeAt: 30 });
    const { state, bytes } = await applyRetention(before, policy, { ...context, maxStateBytes });
    assert.ok(bytes < maxStateBytes * 0.75);
    assert.equal(texts(state).at(-1)?.slice(0, 3), 'a19');
  });

  it('shows tool work to the model in short', async () => {
    const model = new Summarizer('S.');
    const response = {
      text: 'ok',
      messages: [
        {
          role: 'assistant' as const,
          contents: [{ type: 'functionCall' as const, callId: 'c', name: 'find', arguments: { q: 1 } }],
        },
        {
          role: 'tool' as const,
          contents: [{ type: 'functionResult' as const, callId: 'c', result: 'y'.repeat(5_000) }],
        },
        textMessage('assistant', 'ok'),
      ],
    };
    const { recordTurn } = await import('../../src/state/record-turn.ts');
    const createdAt = context.now.toISOString();
    const before = recordTurn(
      emptyState(),
      { correlationId: 'x', createdAt, messages: [textMessage('user', 'go')] },
      { status: 'completed', createdAt, response },
    );
    await applyRetention(add(before, 0, 1), summarize({ model, keepLast: 1, summarizeAt: 1 }), context);
    const material = messageText(model.asked[0]?.messages[1] as never);
    assert.match(material, /\[calls find \{"q":1\}\]/);
    assert.ok(material.length < 2_200);
  });

  for (const options of [{ keepLast: 0 }, { maxTokens: 0 }, { summarizeAt: 0.5 }]) {
    it(`${JSON.stringify(options)} is refused`, () => {
      assert.throws(() => summarize({ model: new Summarizer(), ...options }), { code: 'invalidOption' });
    });
  }
});
