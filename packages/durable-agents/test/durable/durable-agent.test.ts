import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { AgentResponse } from '../../src/agent/response.ts';
import { app, orchestrate, setUp, states } from './agent-app.ts';

describe('an agent in an orchestration', () => {
  beforeEach(() => setUp([]));

  it('answers a yield* with its response, once, however often the orchestrator is replayed', async () => {
    const { writer } = setUp(['draft', 'better draft']);
    const { output, calls, episodes } = await orchestrate(function* (context) {
      const agent = app.getAgent(context, 'Writer');
      const session = agent.createSession();
      const first = yield* agent.run('Write', { session });
      const second: AgentResponse = yield* agent.run('Improve', { session });
      return { first: first.text, second: second.text, agent: second.agentId };
    });
    assert.deepEqual(output, { first: 'draft', second: 'better draft', agent: 'Writer' });
    assert.equal(episodes, 3);
    assert.equal(writer.requests.length, 2);
    assert.deepEqual(
      writer.requests[1]?.messages.map(({ role }) => role),
      ['user', 'assistant', 'user'],
    );
    assert.equal(calls[0]?.instanceId, calls[1]?.instanceId);
    assert.match(calls[0]?.instanceId ?? '', /^@dafx-writer@[0-9a-f]{32}$/);
    assert.equal(calls[0]?.operation, 'run');
    assert.equal(calls[0]?.input.orchestrationId, 'i1');
  });

  it('answers a plain yield too', async () => {
    setUp(['draft']);
    const { output } = await orchestrate(function* (context) {
      const response: AgentResponse = yield app.getAgent(context, 'writer').run('Write');
      return response.text;
    });
    assert.equal(output, 'draft');
  });

  it('gives each call an id and, without a session, a session of its own; a replay gives the same', async () => {
    setUp(['a', 'b']);
    const seen: string[] = [];
    const { calls } = await orchestrate(function* (context) {
      const agent = app.getAgent(context, 'Writer');
      const task = agent.run('one');
      seen.push((task as unknown as { action: { instanceId: string } }).action.instanceId);
      yield task;
      yield* agent.run('two');
    });
    assert.equal(new Set(seen).size, 1);
    assert.equal(seen.length, 3);
    assert.equal(new Set(calls.map(({ instanceId }) => instanceId)).size, 2);
    assert.equal(new Set(calls.map(({ input }) => input.correlationId)).size, 2);
    for (const { input } of calls) assert.match(String(input.correlationId), /^[0-9a-f]{32}$/);
  });

  for (const reversed of [false, true]) {
    it(`runs beside others with Task.all; results keep their order when answers come ${reversed ? 'last first' : 'in turn'}`, async () => {
      setUp(['prose'], ['critique']);
      const { output, calls } = await orchestrate(
        function* (context) {
          const tasks = ['Writer', 'Critic'].map((name) => app.getAgent(context, name).run('Go'));
          const responses: AgentResponse[] = yield context.df.Task.all(tasks);
          return responses.map(({ text }) => text);
        },
        undefined,
        { order: (open) => (reversed ? open.toReversed() : open) },
      );
      assert.deepEqual(output, ['prose', 'critique']);
      assert.equal(calls.length, 2);
    });
  }

  it('is the winner of Task.any as the task that it is', async () => {
    setUp(['prose'], ['critique']);
    const { output } = await orchestrate(
      function* (context) {
        const writer = app.getAgent(context, 'Writer').run('Go');
        const critic = app.getAgent(context, 'Critic').run('Go');
        const winner = yield context.df.Task.any([writer, critic]);
        return winner === critic && (critic.result as AgentResponse).text;
      },
      undefined,
      { order: (open) => open.toReversed() },
    );
    assert.equal(output, 'critique');
  });

  it('gets messages, schema and tool options as they were given', async () => {
    setUp(['{"ok":true}']);
    const { calls, output } = await orchestrate(function* (context) {
      const response = yield* app.getAgent(context, 'Writer').run(
        [
          { role: 'system', contents: [{ type: 'text', text: 'Be brief.' }] },
          { role: 'user', contents: [{ type: 'uri', uri: 'https://x.example/a.png', mediaType: 'image/png' }] },
        ],
        { responseFormat: { type: 'object' }, enableToolCalls: false, enableToolNames: ['a'] },
      );
      return response.value;
    });
    assert.deepEqual(output, { ok: true });
    const { responseFormat, enableToolCalls, enableToolNames } = calls[0]?.input ?? {};
    assert.deepEqual(
      { responseFormat, enableToolCalls, enableToolNames },
      { responseFormat: { type: 'object' }, enableToolCalls: false, enableToolNames: ['a'] },
    );
    const state = JSON.parse([...states.values()][0] ?? '');
    assert.deepEqual(state.data.conversationHistory[0].messages[1].contents[0].$type, 'uri');
  });
});

describe('a session', () => {
  it('travels as plain JSON and goes on under its key', async () => {
    setUp(['one', 'two']);
    const first = await orchestrate(function* (context) {
      const agent = app.getAgent(context, 'Writer');
      const session = agent.createSession();
      yield* agent.run('a', { session });
      return session;
    });
    const session = first.output as { agentName: string; key: string; id: string };
    assert.equal(session.id, `@dafx-writer@${session.key}`);
    const second = await orchestrate(function* (context) {
      return (yield* app.getAgent(context, 'writer').run('b', { session: context.df.getInput() })).text;
    }, session);
    assert.equal(second.output, 'two');
    assert.equal(states.size, 1);
  });
});
