import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import { textMessage } from '../../src/agent/message.ts';
import { type ToolContext, tool } from '../../src/agent/tool.ts';
import { AgentRunError, ConfigurationError, ModelError, RequestError } from '../../src/errors.ts';
import { scriptedModel } from '../../src/testing.ts';
import { callsAndResults, errorOf } from './support.ts';

const model = scriptedModel([]);
const noop = tool({ name: 'noop', description: 'Nothing.', execute: () => null });

test('an agent has documented defaults', () => {
  const agent = new Agent({ name: 'helper', model });
  assert.deepEqual(
    { ...agent, model: undefined },
    {
      name: 'helper',
      description: undefined,
      instructions: undefined,
      tools: [],
      model: undefined,
      options: {},
      maxIterations: 16,
      toolTimeoutMs: 60_000,
      modelTimeoutMs: 120_000,
      maxModelRetries: 2,
      maxParallelToolCalls: 8,
      maxToolResultBytes: 65_536,
      toolSources: [],
      modelRetryBudgetMs: 60_000,
      maxStructuredRetries: 1,
      durability: 'turn',
      approvalTimeoutMs: 604_800_000,
      turnTimeoutMs: 240_000,
    },
  );
});

for (const name of ['', '1st', 'a b', 'a@b', 'ä', '-a', 'a'.repeat(64), undefined as unknown as string]) {
  test(`the agent name ${JSON.stringify(name)?.slice(0, 12)} is refused`, () => {
    assert.throws(() => new Agent({ name, model }), { code: 'invalidAgentName', name: 'ConfigurationError' });
  });
}

test('a name of 63 characters is taken', () => {
  assert.equal(new Agent({ name: 'a'.repeat(63), model }).name.length, 63);
});

const wrong: [string, Partial<AgentOptions>][] = [
  ['maxIterations', { maxIterations: 0 }],
  ['maxIterations', { maxIterations: 1.5 }],
  ['toolTimeoutMs', { toolTimeoutMs: -1 }],
  ['modelTimeoutMs', { modelTimeoutMs: 2 ** 31 }],
  ['maxModelRetries', { maxModelRetries: 11 }],
  ['maxParallelToolCalls', { maxParallelToolCalls: Number.NaN }],
  ['maxToolResultBytes', { maxToolResultBytes: 100 }],
  ['instructions', { instructions: 5 as unknown as string }],
  ['model', { model: undefined as unknown as typeof model }],
  ['tools[1].name', { tools: [noop, noop] }],
  ['tools[0]', { tools: [{ name: 'x' } as unknown as typeof noop] }],
  ['options.temperature', { options: { temperature: 3 } }],
  ['options.topP', { options: { topP: '1' as unknown as number } }],
  ['options.maxOutputTokens', { options: { maxOutputTokens: 0 } }],
  ['options.toolChoice', { options: { toolChoice: 'some' as 'auto' } }],
];
for (const [path, options] of wrong) {
  test(`${JSON.stringify(options)?.slice(0, 40)} is refused with the path ${path}`, () => {
    assert.throws(
      () => new Agent({ name: 'helper', model, ...options }),
      (error: unknown) => error instanceof ConfigurationError && error.message.includes(`agent "helper": ${path} `),
    );
  });
}

test('a run takes a text, a message or messages', async () => {
  const agent = new Agent({ name: 'helper', model: scriptedModel([1, 2, 3].map(String)) });
  assert.equal((await agent.run('Hi')).text, '1');
  assert.equal((await agent.run(textMessage('user', 'Hi'))).text, '2');
  assert.equal((await agent.run([textMessage('user', 'Hi'), textMessage('assistant', 'Yes?')])).text, '3');
});

test('a run without any message is refused and calls no model', async () => {
  const scripted = scriptedModel(['never']);
  const agent = new Agent({ name: 'helper', model: scripted });
  for (const input of ['', ' \n', [], textMessage('user', '')]) {
    await assert.rejects(
      agent.run(input),
      (error: unknown) => error instanceof RequestError && error.code === 'emptyMessage',
    );
  }
  assert.deepEqual(scripted.requests, []);
});

test('a run that fails throws the error of the outcome', async () => {
  const down = new ModelError('modelUnavailable', 'down');
  await assert.rejects(new Agent({ name: 'helper', model: scriptedModel([{ error: down }]) }).run('Hi'), down);
  const looping = scriptedModel([{ toolCalls: [{ name: 'noop' }] }]);
  await assert.rejects(
    new Agent({ name: 'helper', model: looping, tools: [noop], maxIterations: 1 }).run('Hi'),
    (error: unknown) => error instanceof AgentRunError && error.code === 'maxIterations',
  );
});

test('a stopped run throws "modelAborted"', async () => {
  const agent = new Agent({ name: 'helper', model: scriptedModel([{ text: 'late', delayMs: 60_000 }]) });
  await assert.rejects(agent.run('Hi', { signal: AbortSignal.timeout(5) }), { code: 'modelAborted' });
});

test('five calls in one answer, one of which throws, give five results in the order of the calls', async () => {
  const settled: number[] = [];
  const work = tool({
    name: 'work',
    description: 'Works.',
    parameters: z.object({ n: z.number() }),
    execute: async ({ n }) => {
      await new Promise((resolve) => setTimeout(resolve, n === 4 ? 40 : 0));
      settled.push(n);
      if (n === 3) throw new Error('third');
      return n;
    },
  });
  const scripted = scriptedModel([
    { toolCalls: [1, 2, 3, 4, 5].map((n) => ({ name: 'work', arguments: { n } })) },
    'done',
  ]);
  const { messages } = await new Agent({ name: 'helper', model: scripted, tools: [work] }).run('Go');
  const { calls, results } = callsAndResults(messages);
  assert.deepEqual(results, calls);
  assert.deepEqual(scripted.requests[1]?.messages.slice(1), messages.slice(0, 2));
  const values =
    messages[1]?.contents.map((content) => (content.type === 'functionResult' ? content.result : null)) ?? [];
  assert.deepEqual([values[0], values[1], values[3], values[4]], [1, 2, 4, 5]);
  assert.equal(errorOf(values[2] ?? null).code, 'toolFailed');
  assert.equal(settled.at(-1), 4);
});

for (const limit of [1, 3]) {
  test(`no more than ${limit} of the calls run at the same time`, async () => {
    let running = 0;
    let most = 0;
    const work = tool({
      name: 'work',
      description: 'Works.',
      execute: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      },
    });
    const scripted = scriptedModel([{ toolCalls: Array.from({ length: 10 }, () => ({ name: 'work' })) }, 'done']);
    await new Agent({ name: 'helper', model: scripted, tools: [work], maxParallelToolCalls: limit }).run('Go');
    assert.equal(most, limit);
  });
}

test('a hundred calls in one answer all get their result', async () => {
  const big = tool({ name: 'big', description: 'Big.', execute: () => 'z'.repeat(5_000) });
  const scripted = scriptedModel([{ toolCalls: Array.from({ length: 100 }, () => ({ name: 'big' })) }, 'done']);
  const { messages } = await new Agent({ name: 'helper', model: scripted, tools: [big] }).run('Go');
  assert.equal(messages[1]?.contents.length, 100);
});

test('a broken call is told to the model, which can correct it', async () => {
  const weather = tool({
    name: 'weather',
    description: 'Weather.',
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => `sunny in ${city}`,
  });
  const scripted = scriptedModel([
    { toolCalls: [{ name: 'weather', arguments: '{"{"city":"x"}' }] },
    (request) => {
      const result = request.messages.at(-1)?.contents[0];
      assert.equal(errorOf((result?.type === 'functionResult' && result.result) || null).code, 'invalidArguments');
      return { toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] };
    },
    'It is sunny.',
  ]);
  const response = await new Agent({ name: 'helper', model: scripted, tools: [weather] }).run('Weather?');
  assert.equal(response.text, 'It is sunny.');
  assert.match(JSON.stringify(response.messages), /sunny in Oslo/);
});

test('a run repeated under the same session and correlation id gives tools the same idempotency keys', async () => {
  const keys: string[] = [];
  const note = tool({
    name: 'note',
    description: 'Notes.',
    execute: (_, context: ToolContext) => void keys.push(context.idempotencyKey),
  });
  for (const ids of [
    ['a', 'b', 'c'],
    ['x', 'y', 'z'],
  ]) {
    const calls = ids.map((id) => ({ name: 'note', id }));
    const scripted = scriptedModel([{ toolCalls: calls.slice(0, 2) }, { toolCalls: calls.slice(2) }, 'done']);
    const agent = new Agent({ name: 'helper', model: scripted, tools: [note], maxParallelToolCalls: 1 });
    await agent.run('Go', { sessionId: 's', correlationId: 'c' });
  }
  assert.deepEqual(keys, ['s/c/1-0', 's/c/1-1', 's/c/2-0', 's/c/1-0', 's/c/1-1', 's/c/2-0']);
});
