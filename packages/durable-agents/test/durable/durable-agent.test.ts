import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { FunctionsCore } from '../hosts/functions-core.ts';

const core = FunctionsCore.install();
const df = await import('durable-functions');
const { AgentFunctionApp, AgentCallError } = await import('../../src/azure-functions.ts');
const { Agent } = await import('../../src/agent/agent.ts');
const { ModelError } = await import('../../src/errors.ts');
const { scriptedModel } = await import('../../src/model/scripted-chat-client.ts');
const { runBatch } = await import('../hosts/entity-batch.ts');
const { play } = await import('./orchestration-player.ts');

import type { OrchestrationContext, OrchestrationHandler } from 'durable-functions';
import type { AgentResponse } from '../../src/agent/response.ts';
import type { EntityCall, EntityReply } from './orchestration-player.ts';

type App = InstanceType<typeof AgentFunctionApp>;
type Steps = Parameters<typeof scriptedModel>[0];

let app: App;
let states: Map<string, string>;

/** An app with a writer and a critic; each model follows its script. */
function setUp(writer: Steps, critic: Steps = []) {
  core.functions.clear();
  states = new Map();
  const models = { writer: scriptedModel(writer), critic: scriptedModel(critic) };
  app = new AgentFunctionApp({
    agents: [
      new Agent({ name: 'Writer', model: models.writer, maxModelRetries: 0 }),
      new Agent({ name: 'Critic', model: models.critic }),
    ],
  });
  return models;
}

/** Answers entity calls with the app's own entities. */
async function entities(call: EntityCall): Promise<EntityReply> {
  const [, name = '', key = ''] = call.instanceId.split('@');
  const functionName = [...core.functions.keys()].find((candidate) => candidate.toLowerCase() === name) ?? name;
  const operation = { name: call.operation, input: call.input };
  const batch = await runBatch(core, functionName, key, states.get(call.instanceId), [operation]);
  if (batch.entityState !== undefined) states.set(call.instanceId, batch.entityState);
  return { result: JSON.parse(batch.results[0]?.result ?? 'null') };
}

function orchestrate(handler: OrchestrationHandler, input?: unknown, order?: (open: number[]) => number[]) {
  df.app.orchestration('flow', handler);
  return play(core, 'flow', input, entities, order);
}

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
        (open) => (reversed ? open.toReversed() : open),
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
      (open) => open.toReversed(),
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

describe('an agent that fails in an orchestration', () => {
  const error = new ModelError('modelUnavailable', 'Away.', { retryable: true });

  /** What an orchestrator can tell about a failure. */
  function facts(caught: unknown) {
    assert.ok(caught instanceof AgentCallError);
    const { name, code, agent, sessionId, correlationId, retryable } = caught;
    return { name, code, agent, retryable, ids: [sessionId, correlationId].every((id) => /^[0-9a-f]{32}$/.test(id)) };
  }

  const expected = { name: 'AgentCallError', code: 'modelUnavailable', agent: 'Writer', retryable: true, ids: true };
  const ways: [string, (context: OrchestrationContext) => ReturnType<OrchestrationHandler>][] = [
    [
      'yield',
      function* (context) {
        yield app.getAgent(context, 'Writer').run('Go');
      },
    ],
    [
      'yield*',
      function* (context) {
        yield* app.getAgent(context, 'Writer').run('Go');
      },
    ],
    [
      'Task.all',
      function* (context) {
        yield context.df.Task.all([app.getAgent(context, 'Writer').run('Go')]);
      },
    ],
  ];
  for (const [way, call] of ways) {
    it(`throws AgentCallError out of ${way}, also on a replay, and the orchestrator can go on`, async () => {
      const { writer } = setUp([{ error }], ['sorry']);
      const caught: unknown[] = [];
      const { output } = await orchestrate(function* (context) {
        try {
          yield* call(context);
        } catch (thrown) {
          caught.push(thrown);
        }
        return (yield* app.getAgent(context, 'Critic').run('Comfort me')).text;
      });
      assert.equal(output, 'sorry');
      assert.equal(caught.length, 2);
      for (const thrown of caught) assert.deepEqual(facts(thrown), expected);
      assert.equal(writer.requests.length, 1);
    });
  }

  it('fails the orchestration with agent, code and reason if nobody catches', async () => {
    setUp([{ error }]);
    const { error: reason } = await orchestrate(function* (context) {
      yield* app.getAgent(context, 'Writer').run('Go');
    });
    assert.equal(reason, 'Agent "Writer" failed (modelUnavailable): Away.');
  });

  it('leaves its session fit for the next run', async () => {
    setUp([{ error }, 'now it works']);
    const { output } = await orchestrate(function* (context) {
      const agent = app.getAgent(context, 'Writer');
      const session = agent.createSession('trip-9');
      try {
        yield* agent.run('Go', { session });
      } catch {
        return (yield* agent.run('Again', { session })).text;
      }
    });
    assert.equal(output, 'now it works');
  });

  it('an entity that threw is an AgentCallError with the cause', async () => {
    setUp([]);
    const caught: unknown[] = [];
    df.app.orchestration('flow', function* (context) {
      try {
        yield* app.getAgent(context, 'Writer').run('Go');
      } catch (thrown) {
        caught.push(thrown);
      }
    });
    await play(core, 'flow', null, () => ({ exception: 'not an entity function' }));
    const [thrown] = caught;
    assert.ok(thrown instanceof AgentCallError);
    assert.equal(thrown.code, 'agentCallFailed');
    assert.match(thrown.message, /not an entity function/);
    assert.ok(thrown.cause instanceof Error);
  });
});

describe('what an orchestrator cannot do', () => {
  const mistakes: [string, (context: OrchestrationContext) => void, RegExp][] = [
    [
      'call an agent that is not registered',
      (context) => app.getAgent(context, 'Nobody'),
      /no agent "Nobody".*Writer, Critic/,
    ],
    [
      'use the session of one agent with another',
      (context) => {
        const session = app.getAgent(context, 'Writer').createSession();
        app.getAgent(context, 'Critic').run('Hi', { session });
      },
      /belongs to agent "Writer" and cannot be used with "Critic"/,
    ],
    [
      'name a session that works nowhere',
      (context) => app.getAgent(context, 'Writer').createSession('a/b'),
      /session id/,
    ],
    [
      'go on with a forged session',
      (context) => {
        const session = { ...app.getAgent(context, 'Writer').createSession(), key: 'a/b' as never };
        app.getAgent(context, 'Writer').run('Hi', { session });
      },
      /session id/,
    ],
    ['say nothing', (context) => app.getAgent(context, 'Writer').run(' '), /no message/],
  ];
  for (const [what, mistake, message] of mistakes) {
    it(`is to ${what}`, async () => {
      setUp([]);
      const { error, calls } = await orchestrate(function* (context) {
        mistake(context);
      });
      assert.match(error ?? '', message);
      assert.equal(calls.length, 0);
    });
  }
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
    core.functions.delete('flow');
    const second = await orchestrate(function* (context) {
      return (yield* app.getAgent(context, 'writer').run('b', { session: context.df.getInput() })).text;
    }, session);
    assert.equal(second.output, 'two');
    assert.equal(states.size, 1);
  });
});
