import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OrchestrationContext, OrchestrationHandler } from 'durable-functions';
import { AgentCallError } from '../../src/durable/agent-call-error.ts';
import { ModelError } from '../../src/errors.ts';
import { app, orchestrate, setUp } from './agent-app.ts';

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
    await orchestrate(
      function* (context) {
        try {
          yield* app.getAgent(context, 'Writer').run('Go');
        } catch (thrown) {
          caught.push(thrown);
        }
      },
      undefined,
      { reply: () => ({ exception: 'not an entity function' }) },
    );
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
