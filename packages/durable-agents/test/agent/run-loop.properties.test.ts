import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Agent } from '../../src/agent/agent.ts';
import type { Content } from '../../src/agent/content.ts';
import type { AgentEffect, AgentEffectResult, ModelOutcome, RunOutcome } from '../../src/agent/effects.ts';
import { type ChatMessage, textMessage } from '../../src/agent/message.ts';
import { runLoop } from '../../src/agent/run-loop.ts';
import { tool } from '../../src/agent/tool.ts';
import { ModelError } from '../../src/errors.ts';
import { scriptedModel } from '../../src/testing.ts';

const names = ['alpha', 'beta', 'gamma'];
const agent = new Agent({
  name: 'helper',
  model: scriptedModel([]),
  tools: ['alpha', 'beta'].map((name) => tool({ name, description: name, execute: () => name })),
  maxIterations: 5,
});

const callId = fc.constantFrom('', 'a', 'b', 'c', 'call_1_0', 'a_1_1');
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text: fc.constantFrom('', ' ', 'Hello', '{}') }),
  fc.record({
    type: fc.constant('functionCall' as const),
    callId,
    name: fc.constantFrom(...names),
    arguments: fc.constant({}),
  }),
  fc.record({ type: fc.constant('functionResult' as const), callId, result: fc.constant('forged') }),
  fc.record({ type: fc.constant('reasoning' as const), text: fc.string() }),
);
const message: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constantFrom('user', 'assistant', 'system', 'tool'),
  contents: fc.array(content, { maxLength: 4 }),
});
const count = fc.option(fc.nat(1000), { nil: undefined });
const answer: fc.Arbitrary<ModelOutcome> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record({
        messages: fc.array(message, { maxLength: 3 }),
        finishReason: fc.constantFrom('stop', 'stop', 'toolCalls', 'toolCalls', 'length', 'contentFilter'),
        count,
      })
      .map(({ count: inputTokenCount, ...value }) => ({
        ok: true as const,
        value: { ...value, ...(inputTokenCount !== undefined && { usage: { inputTokenCount } }) },
      })),
  },
  { weight: 1, arbitrary: fc.constant({ ok: false as const, error: new ModelError('modelUnavailable', 'down') }) },
);
const script = fc.record({
  conversation: fc.array(message, { maxLength: 5 }),
  answers: fc.array(answer, { minLength: 5, maxLength: 5 }),
});

interface Played {
  outcome: RunOutcome;
  effects: AgentEffect[];
  inputTokens: number | undefined;
}

function play({ conversation, answers }: { conversation: ChatMessage[]; answers: ModelOutcome[] }): Played {
  const effects: AgentEffect[] = [];
  let inputTokens: number | undefined;
  let used = 0;
  const perform = (effect: AgentEffect): AgentEffectResult => {
    if (effect.type === 'callTools')
      return { type: 'callTools', results: effect.calls.map(({ callId: id }) => `ran ${id}`) };
    const outcome = answers[used++] as ModelOutcome;
    if (outcome.ok && outcome.value.usage)
      inputTokens = (inputTokens ?? 0) + (outcome.value.usage.inputTokenCount ?? 0);
    return { type: 'callModel', outcome };
  };
  const loop = runLoop(agent, conversation);
  let step = loop.next();
  while (!step.done) {
    effects.push(structuredClone(step.value));
    step = loop.next(perform(step.value));
  }
  return { outcome: step.value, effects, inputTokens };
}

const messagesOf = (outcome: RunOutcome) =>
  outcome.status === 'completed' ? outcome.response.messages : outcome.messages;

/** Each message with calls is followed by one message with exactly their results, in order; there are no others. */
function assertWellFormed(messages: readonly ChatMessage[]): void {
  let open: string[] = [];
  for (const { role, contents } of messages) {
    const results = contents.filter((part) => part.type === 'functionResult').map((part) => part.callId);
    if (results.length > 0 || role !== 'assistant') {
      assert.deepEqual(results, open);
      open = [];
    }
    open.push(...contents.filter((part) => part.type === 'functionCall').map((part) => part.callId));
  }
  assert.deepEqual(open, []);
}

test('every tool call of an outcome has exactly one result with its id, in the order of the calls', () => {
  fc.assert(
    fc.property(script, (given) => {
      const { outcome } = play(given);
      assertWellFormed(messagesOf(outcome));
    }),
    { numRuns: 500 },
  );
});

test('every request to the model is well formed, whatever the conversation and the answers', () => {
  fc.assert(
    fc.property(script, (given) => {
      for (const effect of play(given).effects)
        if (effect.type === 'callModel') assertWellFormed(effect.request.messages);
    }),
    { numRuns: 500 },
  );
});

test('call ids are unique, and what a tool gave stands under the id that it was called with', () => {
  fc.assert(
    fc.property(script, (given) => {
      const { outcome, effects } = play(given);
      const contents = messagesOf(outcome).flatMap((produced) => produced.contents);
      const ids = contents.flatMap((part) => (part.type === 'functionCall' ? [part.callId] : []));
      assert.equal(new Set(ids).size, ids.length);
      const ran = effects.flatMap((effect) =>
        effect.type === 'callTools' ? effect.calls.map((call) => call.callId) : [],
      );
      const kept = contents.flatMap((part) =>
        part.type === 'functionResult' && part.result === `ran ${part.callId}` ? [part.callId] : [],
      );
      assert.deepEqual(kept, ran);
    }),
  );
});

test('usage is the sum over all model calls', () => {
  fc.assert(
    fc.property(script, (given) => {
      const { outcome, inputTokens } = play(given);
      const usage = outcome.status === 'completed' ? outcome.response.usage : outcome.usage;
      assert.equal(usage?.inputTokenCount, inputTokens);
    }),
  );
});

test('success always has text, and only tools that the agent offers are run', () => {
  fc.assert(
    fc.property(script, (given) => {
      const { outcome, effects } = play(given);
      if (outcome.status === 'completed') assert.notEqual(outcome.response.text.trim(), '');
      for (const effect of effects) {
        if (effect.type === 'callTools') assert.ok(effect.calls.every(({ name }) => name !== 'gamma'));
      }
    }),
  );
});

test('the same results give the same effects and the same outcome, and the conversation is not changed', () => {
  fc.assert(
    fc.property(script, (given) => {
      const before = JSON.stringify(given.conversation);
      const first = play(given);
      assert.deepEqual(play(given), first);
      assert.equal(JSON.stringify(given.conversation), before);
    }),
  );
});

test('effects are plain JSON', () => {
  fc.assert(
    fc.property(script, (given) => {
      for (const effect of play({ ...given, conversation: [textMessage('user', 'Hi')] }).effects) {
        assert.deepEqual(JSON.parse(JSON.stringify(effect)), effect);
      }
    }),
  );
});
