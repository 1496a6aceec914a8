import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textMessage } from '../../src/agent/message.ts';
import { runLoop } from '../../src/agent/run-loop.ts';
import { agentOf, call, completed, play, requestOf, text } from './play.ts';
import { callsAndResults, errorOf } from './support.ts';

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
