import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import type { Content, Usage } from '../../src/agent/content.ts';
import type { AgentEffect, AgentEffectResult, RunOptions, RunOutcome } from '../../src/agent/effects.ts';
import { textMessage } from '../../src/agent/message.ts';
import type { FinishReason } from '../../src/agent/response.ts';
import { runLoop } from '../../src/agent/run-loop.ts';
import { tool } from '../../src/agent/tool.ts';
import { ModelError } from '../../src/errors.ts';
import type { JsonObject, JsonValue } from '../../src/json.ts';
import { scriptedModel } from '../../src/testing.ts';
import { callsAndResults, errorOf } from './support.ts';

const tools = [
  tool({ name: 'alpha', description: 'A.', execute: () => 1 }),
  tool({ name: 'beta', description: 'B.', execute: () => 2 }),
];

function agentOf(options: Partial<AgentOptions> = {}): Agent {
  return new Agent({ name: 'helper', instructions: 'Be brief.', model: scriptedModel([]), tools, ...options });
}

interface Answer {
  contents?: Content[];
  finishReason?: FinishReason;
  usage?: Usage;
}

const call = (callId: string, name = 'alpha', args: JsonObject = {}): Content => ({
  type: 'functionCall',
  callId,
  name,
  arguments: args,
});
const text = (value: string): Content => ({ type: 'text', text: value });

/** Plays the loop against fixed answers; a tool's result is its name and position. */
function play(answers: (Answer | ModelError)[], agent = agentOf(), options: RunOptions = {}) {
  const effects: AgentEffect[] = [];
  const loop = runLoop(agent, [textMessage('user', 'Hi')], options);
  let step = loop.next();
  while (!step.done) {
    const effect = step.value;
    effects.push(structuredClone(effect));
    step = loop.next(perform(effect, answers.shift.bind(answers)));
  }
  return { outcome: step.value, effects };
}

function perform(effect: AgentEffect, nextAnswer: () => Answer | ModelError | undefined): AgentEffectResult {
  if (effect.type === 'callTools') {
    return { type: 'callTools', results: effect.calls.map(({ name, index }): JsonValue => `${name}#${index}`) };
  }
  const answer = nextAnswer();
  if (answer === undefined) throw new Error('no answer left');
  if (answer instanceof ModelError) return { type: 'callModel', outcome: { ok: false, error: answer } };
  const { contents = [], finishReason = 'stop', usage } = answer;
  const value = { messages: [{ role: 'assistant' as const, contents }], finishReason, ...(usage && { usage }) };
  return { type: 'callModel', outcome: { ok: true, value } };
}

function completed(outcome: RunOutcome) {
  assert.equal(outcome.status, 'completed', JSON.stringify(outcome));
  return (outcome as Extract<RunOutcome, { status: 'completed' }>).response;
}

function failed(outcome: RunOutcome) {
  assert.equal(outcome.status, 'failed', JSON.stringify(outcome));
  return outcome as Extract<RunOutcome, { status: 'failed' }>;
}

function requestOf(effect: AgentEffect | undefined) {
  if (effect?.type !== 'callModel') throw new Error(`not a model call: ${JSON.stringify(effect)}`);
  return effect.request;
}

test('a text answer completes the run', () => {
  const { outcome } = play([{ contents: [text('Hello')], usage: { inputTokenCount: 3 } }]);
  assert.deepEqual(completed(outcome), {
    text: 'Hello',
    messages: [{ role: 'assistant', contents: [text('Hello')], authorName: 'helper' }],
    usage: { inputTokenCount: 3 },
    finishReason: 'stop',
    agentId: 'helper',
    metadata: { provider: 'scripted', modelId: 'scripted', simulated: true },
  });
});

test('instructions go first in every request and are never in the messages of the run', () => {
  const { outcome, effects } = play([{ contents: [call('c1')] }, { contents: [text('done')] }]);
  for (const effect of effects.filter(({ type }) => type === 'callModel')) {
    assert.deepEqual(requestOf(effect).messages[0], textMessage('system', 'Be brief.'));
  }
  assert.deepEqual(
    completed(outcome).messages.map(({ role }) => role),
    ['assistant', 'tool', 'assistant'],
  );
});

test('an agent without instructions sends no system message', () => {
  const { effects } = play([{ contents: [text('x')] }], agentOf({ instructions: undefined }));
  assert.deepEqual(requestOf(effects[0]).messages, [textMessage('user', 'Hi')]);
});

test('all calls of an answer are handed over together, and the next request has all results in their order', () => {
  const { outcome, effects } = play([
    { contents: [text('Let me see.'), call('c1', 'alpha', { a: 1 }), call('c2', 'beta')], finishReason: 'toolCalls' },
    { contents: [text('done')] },
  ]);
  assert.deepEqual(effects[1], {
    type: 'callTools',
    iteration: 1,
    calls: [
      { callId: 'c1', name: 'alpha', arguments: { a: 1 }, iteration: 1, index: 0 },
      { callId: 'c2', name: 'beta', arguments: {}, iteration: 1, index: 1 },
    ],
  });
  assert.deepEqual(requestOf(effects[2]).messages.at(-1), {
    role: 'tool',
    contents: [
      { type: 'functionResult', callId: 'c1', result: 'alpha#0' },
      { type: 'functionResult', callId: 'c2', result: 'beta#1' },
    ],
  });
  assert.equal(completed(outcome).text, 'done');
});

test('calls are run whatever the finish reason says', () => {
  const { effects } = play([{ contents: [call('c1')], finishReason: 'stop' }, { contents: [text('x')] }]);
  assert.equal(effects[1]?.type, 'callTools');
});

test('an unknown tool never reaches the driver and gives an error result in its place', () => {
  const { outcome, effects } = play([
    { contents: [call('c1', 'gamma'), call('c2', 'beta')] },
    { contents: [call('c3', 'gamma')] },
    { contents: [text('ok')] },
  ]);
  assert.deepEqual(
    effects.map((effect) =>
      effect.type === 'callTools' ? effect.calls.map(({ name, index }) => [name, index]) : 'model',
    ),
    ['model', [['beta', 1]], 'model', 'model'],
  );
  const results = completed(outcome)
    .messages.flatMap(({ contents }) => contents)
    .filter((c) => c.type === 'functionResult');
  assert.deepEqual(
    results.map(({ callId }) => callId),
    ['c1', 'c2', 'c3'],
  );
  assert.match(errorOf(results[0]?.result ?? null).message, /no tool "gamma".*alpha, beta/);
  assert.equal(results[1]?.result, 'beta#1');
});

test('with tool calls off, no tool is declared and none is run', () => {
  const { outcome, effects } = play([{ contents: [call('c1')] }, { contents: [text('ok')] }], agentOf(), {
    enableToolCalls: false,
  });
  assert.deepEqual(requestOf(effects[0]).tools, []);
  assert.ok(effects.every(({ type }) => type === 'callModel'));
  assert.match(JSON.stringify(completed(outcome).messages), /No tools are available/);
});

test('a run that may use some tools declares only these', () => {
  const { effects } = play([{ contents: [call('c1', 'alpha')] }, { contents: [text('ok')] }], agentOf(), {
    enableToolNames: ['beta', 'unknown'],
  });
  assert.deepEqual(
    requestOf(effects[0]).tools.map(({ name }) => name),
    ['beta'],
  );
  assert.ok(effects.every(({ type }) => type === 'callModel'));
});

test('null for the tool names means all of them', () => {
  const { effects } = play([{ contents: [text('ok')] }], agentOf(), { enableToolNames: null });
  assert.equal(requestOf(effects[0]).tools.length, 2);
});

test('a required tool choice holds for the first call only', () => {
  const agent = agentOf({ options: { toolChoice: 'required', temperature: 0 } });
  const { effects } = play([{ contents: [call('c1')] }, { contents: [text('ok')] }], agent);
  assert.deepEqual(requestOf(effects[0]).options, { toolChoice: 'required', temperature: 0 });
  assert.deepEqual(requestOf(effects[2]).options, { toolChoice: 'auto', temperature: 0 });
});

test('the limit of model calls ends the run with "maxIterations" and keeps the work; the last calls are not run', () => {
  const answers = Array.from({ length: 8 }, (_, n) => ({ contents: [call(`c${n}`)], usage: { totalTokenCount: 5 } }));
  const { outcome, effects } = play(answers, agentOf({ maxIterations: 8 }));
  const { error, messages, usage } = failed(outcome);
  assert.equal(error.code, 'maxIterations');
  assert.equal(effects.filter(({ type }) => type === 'callModel').length, 8);
  assert.equal(effects.filter(({ type }) => type === 'callTools').length, 7);
  const { calls, results } = callsAndResults(messages);
  assert.equal(calls.length, 8);
  assert.deepEqual(results, calls);
  assert.match(JSON.stringify(messages.at(-1)), /notRun/);
  assert.deepEqual(usage, { totalTokenCount: 40 });
});

test('a model that fails after tools ran keeps the calls and their results', () => {
  const error = new ModelError('modelUnavailable', 'down');
  const { outcome } = play([{ contents: [call('c1')], usage: { inputTokenCount: 2 } }, error]);
  const failure = failed(outcome);
  assert.equal(failure.error, error);
  assert.deepEqual(callsAndResults(failure.messages), { calls: ['c1'], results: ['c1'] });
  assert.deepEqual(failure.usage, { inputTokenCount: 2 });
});

const unusable: [string, Answer, string, number][] = [
  ['a content filter stop', { contents: [text('par')], finishReason: 'contentFilter' }, 'modelRefused', 0],
  ['a content filter stop with calls', { contents: [call('c1')], finishReason: 'contentFilter' }, 'modelRefused', 0],
  ['a length stop without text', { contents: [text(' \n\n')], finishReason: 'length' }, 'modelTruncated', 0],
  [
    'a length stop inside calls',
    { contents: [text('I will'), call('c1')], finishReason: 'length' },
    'modelTruncated',
    1,
  ],
  ['an empty answer', {}, 'modelEmptyAnswer', 0],
  ['blank text', { contents: [text('\n \t')] }, 'modelEmptyAnswer', 0],
  ['reasoning alone', { contents: [{ type: 'reasoning', text: 'hm' }] }, 'modelEmptyAnswer', 0],
  ['a tool stop without calls', { finishReason: 'toolCalls' }, 'modelEmptyAnswer', 0],
];
for (const [name, answer, code, kept] of unusable) {
  test(`${name} fails the run with "${code}" and leaves no open call`, () => {
    const { outcome, effects } = play([answer]);
    const { error, messages } = failed(outcome);
    assert.equal(error.code, code);
    assert.equal(messages.length, kept);
    assert.deepEqual(callsAndResults(messages), { calls: [], results: [] });
    assert.ok(effects.every(({ type }) => type === 'callModel'));
  });
}

test('a length stop with text is a success that says so', () => {
  const { outcome } = play([{ contents: [text('Long')], finishReason: 'length' }]);
  assert.equal(completed(outcome).finishReason, 'length');
});

test('the reason of a refusal is in the error', () => {
  const { outcome } = play([{ contents: [{ type: 'error', message: 'not that' }], finishReason: 'contentFilter' }]);
  assert.match(failed(outcome).error.message, /not that/);
});

const schema = { type: 'object' };

test('a structured answer is parsed, and the schema goes to the model', () => {
  const { outcome, effects } = play([{ contents: [text('{"n":null}')] }], agentOf(), { responseFormat: schema });
  assert.deepEqual(completed(outcome).value, { n: null });
  assert.deepEqual(requestOf(effects[0]).responseFormat, schema);
});

test('a run without a schema has no value', () => {
  assert.equal('value' in completed(play([{ contents: [text('{"n":1}')] }]).outcome), false);
});

test('an answer that is not JSON fails with "invalidStructuredOutput" and keeps the raw text', () => {
  const { outcome } = play([{ contents: [text('Sure! {')] }], agentOf(), { responseFormat: schema });
  const { error, messages } = failed(outcome);
  assert.equal(error.code, 'invalidStructuredOutput');
  assert.deepEqual(messages[0]?.contents, [text('Sure! {')]);
});

test('a structured answer cut off by the output limit fails with "modelTruncated" and keeps the raw text', () => {
  const answer: Answer = { contents: [text('{"name":"Jo')], finishReason: 'length' };
  const { error, messages } = failed(play([answer], agentOf(), { responseFormat: schema }).outcome);
  assert.equal(error.code, 'modelTruncated');
  assert.deepEqual(messages[0]?.contents, [text('{"name":"Jo')]);
});

test('missing and repeated call ids are made unique by position', () => {
  const { outcome } = play([
    { contents: [call(''), call('x'), call('x')] },
    { contents: [call('x')] },
    { contents: [text('ok')] },
  ]);
  const { calls, results } = callsAndResults(completed(outcome).messages);
  assert.deepEqual(calls, ['call_1_0', 'x', 'x_1_2', 'x_2_0']);
  assert.deepEqual(results, calls);
});

test('results that a model claims for itself are dropped', () => {
  const { outcome } = play([{ contents: [{ type: 'functionResult', callId: 'c9', result: 'paid' }, text('ok')] }]);
  assert.deepEqual(completed(outcome).messages[0]?.contents, [text('ok')]);
});

test('usage is summed over the calls, details included', () => {
  const usage = { inputTokenCount: 10, outputTokenCount: 1, extensionData: { cached: 4, tier: 'a' } };
  const { outcome } = play([
    { contents: [call('c1')], usage },
    { contents: [call('c2')] },
    { contents: [text('ok')], usage: { ...usage, totalTokenCount: 7 } },
  ]);
  assert.deepEqual(completed(outcome).usage, {
    inputTokenCount: 20,
    outputTokenCount: 2,
    totalTokenCount: 7,
    extensionData: { cached: 8, tier: 'a' },
  });
});

test('a driver that answers with the wrong kind of result is a bug that throws', () => {
  const loop = runLoop(agentOf(), [textMessage('user', 'Hi')]);
  loop.next();
  assert.throws(() => loop.next({ type: 'callTools', results: [] }), TypeError);
});
