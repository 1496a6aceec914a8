import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import { agentTool } from '../../src/agent/agent-tool.ts';
import { executeToolCall } from '../../src/agent/execute-tool-call.ts';
import type { SourcedAgent } from '../../src/agent/resolve-tools.ts';
import { type AnyTool, type ToolContext, tool } from '../../src/agent/tool.ts';
import type { ToolProgress } from '../../src/agent/tool-progress.ts';
import { ModelError } from '../../src/errors.ts';
import { type ScriptedStep, scriptedModel } from '../../src/testing.ts';
import { FakeOrchestrations } from './fake-orchestrations.ts';
import { errorOf, recordingLogger, runContext, toolCall } from './support.ts';
import { agentWith } from './tool-agents.ts';

function expert(steps: ScriptedStep[], options: Partial<AgentOptions> = {}) {
  const model = scriptedModel(steps);
  const agent = new Agent({ name: 'expert', description: 'Knows tea.', model, ...options });
  return { agent, model };
}

const ask = (agent: AnyTool, message = 'Which tea?', context = runContext()) =>
  executeToolCall(agentWith([agent]), toolCall('expert', { message }, { iteration: 2, index: 1 }), context);

test('an agent is a tool by its name and description, takes a message and gives its answer', async () => {
  const { agent, model } = expert(['Green tea.'], { instructions: 'You know tea.' });
  const asTool = agentTool(agent);
  assert.deepEqual([asTool.name, asTool.description], ['expert', 'Knows tea.']);
  assert.deepEqual(asTool.parametersJsonSchema.required, ['message']);
  assert.equal(await ask(asTool), 'Green tea.');
  assert.deepEqual(
    model.requests[0]?.messages.map(({ role, contents }) => [role, contents]),
    [
      ['system', [{ type: 'text', text: 'You know tea.' }]],
      ['user', [{ type: 'text', text: 'Which tea?' }]],
    ],
  );
});

test('the calling agent goes on with the answer of the other', async () => {
  const { agent } = expert(['Green tea.']);
  const model = scriptedModel([
    { toolCalls: [{ name: 'expert', arguments: { message: 'Which tea?' } }] },
    'The expert says: green.',
  ]);
  const response = await new Agent({ name: 'host', model, tools: [agentTool(agent)] }).run('Tea, please.');
  assert.equal(response.text, 'The expert says: green.');
  assert.deepEqual(response.messages[1]?.contents, [
    { type: 'functionResult', callId: 'call_1', result: 'Green tea.' },
  ]);
});

test('arguments of its own are handed over as JSON, or as the app says', async () => {
  const parameters = z.object({ region: z.string(), year: z.number() });
  const { agent, model } = expert(['a', 'b']);
  const call = (asTool: AnyTool) =>
    executeToolCall(agentWith([asTool]), toolCall('expert', { region: 'Uji', year: 2020 }), runContext());
  await call(agentTool(agent, { parameters }));
  await call(agentTool(agent, { parameters, input: ({ region, year }) => `Tea of ${region}, ${year + 1}?` }));
  assert.deepEqual(
    model.requests.map(({ messages }) => messages[0]?.contents),
    [[{ type: 'text', text: '{"region":"Uji","year":2020}' }], [{ type: 'text', text: 'Tea of Uji, 2021?' }]],
  );
});

test('with a response format the result is the structured answer', async () => {
  const responseFormat = { type: 'object', properties: { tea: { type: 'string' } }, required: ['tea'] };
  const { agent } = expert(['{"tea":"green"}']);
  assert.deepEqual(await ask(agentTool(agent, { responseFormat })), { tea: 'green' });
});

test('a failure of the agent is a tool error for the one that asked', async () => {
  const { agent } = expert([{ error: new ModelError('modelRefused', 'Not about that.') }]);
  const { code, message } = errorOf(await ask(agentTool(agent)));
  assert.equal(code, 'toolFailed');
  assert.match(message, /Tool "expert" failed\. ModelError: Not about that\./);
});

test('an agent that does not come to an end is stopped by its own limit of model calls', async () => {
  const again = { toolCalls: [{ name: 'none' }] };
  const { agent } = expert([again, again, again], { maxIterations: 2 });
  assert.match(errorOf(await ask(agentTool(agent))).message, /2 times without a final answer/);
});

test('keys of inner calls derive from the outer call; session, caller and orchestrations are those of the run', async () => {
  const seen: ToolContext[] = [];
  const look = tool({
    name: 'look',
    description: 'Looks.',
    execute: (_, context) => {
      seen.push(context);
    },
  });
  const steps = () => expert([{ toolCalls: [{ name: 'look' }, { name: 'look' }] }, 'Done.'], { tools: [look] }).agent;
  const context = runContext({ caller: { id: 'ann' }, durable: new FakeOrchestrations() });
  await ask(agentTool(steps()), 'x', context);
  await ask(agentTool(steps()), 'x', context);
  const keys = ['@dafx-a@s1/c1/2-1/1-0', '@dafx-a@s1/c1/2-1/1-1'];
  assert.deepEqual(
    seen.map(({ idempotencyKey }) => idempotencyKey),
    [...keys, ...keys],
  );
  const { agentName, sessionId, correlationId, caller, durable } = seen[0]!;
  assert.deepEqual([agentName, sessionId, correlationId, caller], ['expert', '@dafx-a@s1', 'c1', { id: 'ann' }]);
  assert.equal(typeof durable?.startOrchestration, 'function');
});

test('stopping the run stops the agent within, and its tools', async () => {
  const controller = new AbortController();
  let aborted = false;
  const wait = tool({
    name: 'wait',
    description: 'Waits.',
    execute: (_, { signal }) =>
      new Promise<never>(() => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        controller.abort();
      }),
  });
  const { agent, model } = expert([{ toolCalls: [{ name: 'wait' }] }, 'never'], { tools: [wait] });
  const result = await ask(agentTool(agent), 'x', runContext({ signal: controller.signal }));
  assert.equal(errorOf(result).code, 'aborted');
  assert.equal(aborted, true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(model.remaining, 1);
});

test('the time limit holds for the whole run of the agent', async () => {
  const { agent } = expert([{ text: 'late', delayMs: 5000 }]);
  assert.equal(errorOf(await ask(agentTool(agent, { timeoutMs: 20 }))).code, 'toolTimeout');
});

test('agents that call each other in a circle are stopped, and the path is named', async () => {
  const model = scriptedModel(
    Array.from({ length: 20 }, () => ({ messages }: { messages: { role: string }[] }) => {
      const last = messages.at(-1);
      return last?.role === 'tool'
        ? JSON.stringify(last)
        : { toolCalls: [{ name: 'ring', arguments: { message: 'on' } }] };
    }),
  );
  const ring: Agent & SourcedAgent = new Agent({ name: 'ring', description: 'Calls itself.', model });
  const source = { name: 'itself', tools: async () => [agentTool(ring)], close: async () => {} };
  Object.assign(ring, { toolSources: [source] });
  const result = await executeToolCall(agentWith([agentTool(ring)]), toolCall('ring', { message: 'go' }), runContext());
  assert.match(String(result), /5 deep, and this is more: helper → ring → ring → ring → ring → ring/);
  assert.equal(model.requests.length, 8);
});

test('inner progress is progress of the outer call, and what the agent used is in the log', async () => {
  const emit = tool({ name: 'emit', description: 'Emits.', execute: (_, context) => context.emit({ half: true }) });
  const usage = { inputTokenCount: 3, outputTokenCount: 4, totalTokenCount: 7 };
  const { agent } = expert(
    [
      { toolCalls: [{ name: 'emit' }], usage },
      { text: 'Done.', usage },
    ],
    { tools: [emit] },
  );
  const events: ToolProgress[] = [];
  const log = recordingLogger();
  await ask(agentTool(agent), 'x', runContext({ log, onEvent: (event) => events.push(event) }));
  assert.deepEqual(events, [
    { callId: 'call_1', name: 'expert', data: { agent: 'expert', tool: 'emit', data: { half: true } } },
  ]);
  assert.deepEqual(log.lines[0]?.fields, {
    agent: 'expert',
    calledBy: 'helper',
    status: 'completed',
    usage: { inputTokenCount: 6, outputTokenCount: 8, totalTokenCount: 14 },
  });
});

test('an inner call that needs approval is decided by the run, and not made where nobody can be asked', async () => {
  let paid = 0;
  const pay = tool({
    name: 'pay',
    description: 'Pays.',
    needsApproval: true,
    execute: () => {
      paid++;
      return 'paid';
    },
  });
  const run = (context: ReturnType<typeof runContext>) => {
    const { agent } = expert([{ toolCalls: [{ name: 'pay' }] }, ({ messages }) => JSON.stringify(messages.at(-1))], {
      tools: [pay],
    });
    return ask(agentTool(agent), 'x', context);
  };
  assert.match(String(await run(runContext())), /rejected/);
  assert.equal(paid, 0);
  const asked: string[] = [];
  const approve = ({ name }: { name: string }) => {
    asked.push(name);
    return { status: 'approved' as const };
  };
  assert.match(String(await run(runContext({ approve }))), /"paid"/);
  assert.deepEqual([paid, asked], [1, ['pay']]);
});

test('it is read-only if all that the agent can do is', () => {
  const look = tool({ name: 'look', description: 'Looks.', readOnly: true, execute: () => null });
  const act = tool({ name: 'act', description: 'Acts.', execute: () => null });
  const source = { name: 'some', tools: async () => [], close: async () => {} };
  assert.equal(agentTool(expert([], { tools: [look] }).agent).readOnly, true);
  assert.equal(agentTool(expert([], { tools: [look, act] }).agent).readOnly, false);
  const sourced = Object.assign(expert([]).agent, { toolSources: [source] });
  assert.equal(agentTool(sourced).readOnly, false);
});

test('an agent without a description needs one as a tool', () => {
  const agent = new Agent({ name: 'mute', model: scriptedModel([]) });
  assert.throws(() => agentTool(agent), { code: 'invalidTool', message: /tool "mute": description/ });
  assert.equal(agentTool(agent, { name: 'ask_mute', description: 'Asks.' }).name, 'ask_mute');
});
