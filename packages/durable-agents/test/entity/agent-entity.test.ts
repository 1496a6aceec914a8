import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChatMessage } from '../../src/agent/message.ts';
import { messageText } from '../../src/agent/message.ts';
import { AgentRunError, ModelError } from '../../src/errors.ts';
import { foreignDocument } from '../state/documents.ts';
import { schemaProblems } from '../state/schema-1-1.ts';
import { says, TestSession } from './session.ts';

const refund: ChatMessage[] = [
  { role: 'assistant', contents: [{ type: 'functionCall', callId: 'c1', name: 'refund', arguments: { order: 5 } }] },
  { role: 'tool', contents: [{ type: 'functionResult', callId: 'c1', result: { refunded: true } }] },
];

function unavailable(messages: ChatMessage[] = []) {
  const error = new ModelError('modelUnavailable', 'The model did not answer.', {
    retryable: true,
    fix: 'Set the key.',
  });
  return { status: 'failed' as const, error, messages, usage: { totalTokenCount: 9 } };
}

describe('a run', () => {
  it('appends the request and the response, with time and author', async () => {
    const session = new TestSession(says('Ha.'));
    const { result, correlationId } = await session.run('t1', 'Tell a joke');
    assert.equal(correlationId, 't1');
    const createdAt = '2026-01-02T03:04:05.678Z';
    assert.deepEqual(session.history, [
      {
        $type: 'request',
        correlationId: 't1',
        createdAt,
        responseType: 'text',
        messages: [{ role: 'user', createdAt, contents: [{ $type: 'text', text: 'Tell a joke' }] }],
      },
      {
        $type: 'response',
        correlationId: 't1',
        createdAt,
        messages: [{ role: 'assistant', authorName: 'Joker', createdAt, contents: [{ $type: 'text', text: 'Ha.' }] }],
        extensionData: { 'durable-agents': { finishReason: 'stop', agentId: 'Joker' } },
      },
    ]);
    assert.deepEqual(result, {
      messages: [{ role: 'assistant', authorName: 'Joker', createdAt, contents: [{ $type: 'text', text: 'Ha.' }] }],
      agentId: 'Joker',
      createdAt,
      finishReason: 'stop',
      correlationId: 't1',
    });
    assert.deepEqual(schemaProblems(JSON.parse(session.text ?? '')), []);
    assert.doesNotMatch(session.text ?? '', /null/);
  });

  it('gives the agent the whole conversation, and the session and turn it is in', async () => {
    const session = new TestSession(says('one'), says('two'));
    await session.run('t1', 'first');
    await session.run('t2', 'second');
    assert.deepEqual(session.turns[1]?.messages.map(messageText), ['first', 'one', 'second']);
    assert.equal(session.turns[1]?.sessionId, '@dafx-joker@s1');
    assert.equal(session.turns[1]?.correlationId, 't2');
  });

  for (const name of ['run', 'Run', 'RUN', 'RunAgentAsync', 'run_agent']) {
    it(`goes by the name ${name}`, async () => {
      const session = new TestSession(says('x'));
      await session.perform(name, { message: 'Hi', correlationId: 't' });
      assert.equal(session.turns.length, 1);
    });
  }

  it('passes its options on', async () => {
    const session = new TestSession(says('{}'));
    const schema = { type: 'object' };
    const options = { enableToolCalls: false, enableToolNames: ['a'], responseFormat: schema, orchestrationId: 'o' };
    await session.perform('run', { message: 'Hi', correlationId: 't', ...options });
    assert.deepEqual(session.turns[0]?.options, {
      enableToolCalls: false,
      enableToolNames: ['a'],
      responseFormat: schema,
    });
    const { orchestrationId, responseType, responseSchema } = session.history[0]!;
    assert.deepEqual(
      { orchestrationId, responseType, responseSchema },
      { orchestrationId: 'o', responseType: 'json', responseSchema: schema },
    );
  });

  it('a repeated correlation id is answered from the record and runs nothing', async () => {
    const session = new TestSession(says('once'), says('other'));
    const first = await session.run('t1');
    await session.run('t2');
    const text = session.text;
    const again = await session.run('t1', 'another body');
    assert.deepEqual(again.result, first.result);
    assert.equal(again.state, undefined);
    assert.equal(again.correlationId, 't1');
    assert.equal(session.text, text);
    assert.equal(session.turns.length, 2);
  });

  it('without a message answers nothing and stores nothing', async () => {
    const session = new TestSession();
    const { result, state } = await session.perform('run', { messages: [], correlationId: 't' });
    assert.deepEqual(result, { messages: [], agentId: 'Joker', correlationId: 't' });
    assert.equal(state, undefined);
  });

  it('goes on with a document of another runtime and leaves its parts as they were', async () => {
    const session = new TestSession(says('cold'));
    const before = foreignDocument();
    session.text = JSON.stringify(before);
    await session.run('t3', 'And then?');
    assert.deepEqual(session.history.slice(0, 5), before.data.conversationHistory);
    const { conversationHistory: _, ...others } = JSON.parse(session.text).data;
    const { conversationHistory: __, ...othersBefore } = before.data;
    // The answer moves the deadline, and somebody is asked to look at it then.
    const { expirationTimeUtc, extensionData, ...untouched } = others;
    const { expirationTimeUtc: deadlineBefore, ...untouchedBefore } = othersBefore;
    assert.deepEqual(untouched, untouchedBefore);
    assert.notEqual(expirationTimeUtc, deadlineBefore);
    assert.equal(extensionData['durable-agents'].expiryCheck.dueAt, expirationTimeUtc);
    assert.deepEqual(JSON.parse(session.text).futureRoot, { kept: true });
  });
});

describe('a failed run', () => {
  it('is a value with code and turn, and is recorded with the work it did', async () => {
    const session = new TestSession(unavailable(refund));
    const { result, failure } = await session.run('t1', 'Refund order 5');
    const error = { code: 'modelUnavailable', message: 'The model did not answer.', retryable: true };
    assert.deepEqual(result, { status: 'failed', error, correlationId: 't1' });
    assert.deepEqual(failure?.error, error);
    const entry = session.history[1] as unknown as {
      messages: { contents: { $type: string }[] }[];
      extensionData: unknown;
      usage: unknown;
    };
    assert.deepEqual(
      entry.messages.map(({ contents }) => contents.map(({ $type }) => $type)),
      [['functionCall'], ['functionResult'], ['error']],
    );
    assert.deepEqual(entry.extensionData, { isError: true, 'durable-agents': { retryable: true } });
    assert.deepEqual(entry.usage, { totalTokenCount: 9 });
    assert.deepEqual(schemaProblems(JSON.parse(session.text ?? '')), []);
  });

  it('does not end the session: the next turn sees the tool work and no error', async () => {
    const session = new TestSession(unavailable(refund), says('It is refunded.'));
    await session.run('t1', 'Refund order 5');
    await session.run('t2', 'Did it work?');
    assert.deepEqual(
      session.turns[1]?.messages.map(({ role }) => role),
      ['user', 'assistant', 'tool', 'user'],
    );
  });

  it('is answered from the record when the request comes again', async () => {
    const session = new TestSession(unavailable());
    const first = await session.run('t1');
    assert.deepEqual((await session.run('t1')).result, first.result);
    assert.equal(session.turns.length, 1);
  });

  it('a refused message is not sent again with the next one', async () => {
    const refused = { status: 'failed' as const, error: new ModelError('modelRefused', 'No.'), messages: [] };
    const session = new TestSession(says('one'), refused, says('three'));
    for (const [id, text] of [
      ['1', 'first'],
      ['2', 'forbidden'],
      ['3', 'third'],
    ] as const)
      await session.run(id, text);
    assert.deepEqual(session.turns[2]?.messages.map(messageText), ['first', 'one', 'third']);
  });

  it('an error that is not ours is recorded without its words, and kept for the log', async () => {
    const bug = new TypeError('secret of /home/me');
    const session = new TestSession(bug);
    const { result, failure } = await session.run('t1');
    assert.deepEqual((result as { error: { code: string } }).error.code, 'internalError');
    assert.doesNotMatch(JSON.stringify(result) + session.text, /secret|TypeError/);
    assert.equal(failure?.cause, bug);
  });

  it('a run that gave up keeps its code', async () => {
    const session = new TestSession({
      status: 'failed',
      error: new AgentRunError('maxIterations', 'Too many.'),
      messages: refund,
    });
    const { result } = await session.run('t1');
    assert.deepEqual(result, {
      status: 'failed',
      error: { code: 'maxIterations', message: 'Too many.' },
      correlationId: 't1',
    });
  });
});

describe('a state that cannot be used', () => {
  const states: [string, string, string][] = [
    ['is damaged', '{"schemaVersion":"1.1.0","da', 'invalidState'],
    ['has no version', '{"data":{"conversationHistory":[]}}', 'invalidState'],
    ['is of another major version', '{"schemaVersion":"3.0.0","data":{}}', 'stateVersionUnsupported'],
  ];
  for (const [what, text, code] of states) {
    it(`that ${what} makes the run fail with its code and stays as it is`, async () => {
      const session = new TestSession();
      session.text = text;
      const { result, state, correlationId } = await session.run('t1');
      assert.equal((result as { error: { code: string } }).error.code, code);
      assert.equal((result as { correlationId: string }).correlationId, 't1');
      assert.equal(correlationId, 't1');
      assert.equal(state, undefined);
    });
  }
});

describe('reset', () => {
  it('clears the conversation and keeps the version', async () => {
    const session = new TestSession(says('fresh'));
    session.text = JSON.stringify({ ...foreignDocument(), schemaVersion: '1.2.0' });
    assert.deepEqual((await session.perform('reset')).result, { status: 'reset' });
    const expirationTimeUtc = '2026-07-28T09:00:03.412Z';
    assert.deepEqual(JSON.parse(session.text), {
      schemaVersion: '1.2.0',
      data: { conversationHistory: [], expirationTimeUtc },
    });
    await session.run('t1', 'Hello');
    assert.deepEqual(session.turns[0]?.messages.map(messageText), ['Hello']);
  });

  it('brings a damaged session back', async () => {
    const session = new TestSession();
    session.text = '{"schema';
    await session.perform('Reset');
    assert.deepEqual(JSON.parse(session.text), { schemaVersion: '1.1.0', data: { conversationHistory: [] } });
  });

  it('does not touch a document of another major version', async () => {
    const session = new TestSession();
    session.text = '{"schemaVersion":"3.0.0","data":{}}';
    const { state, result } = await session.perform('reset');
    assert.equal(state, undefined);
    assert.equal((result as { error: { code: string } }).error.code, 'stateVersionUnsupported');
  });
});

describe('any other operation', () => {
  for (const name of ['explode', '', undefined, 'constructor']) {
    it(`${JSON.stringify(name)} is refused by name and changes nothing`, async () => {
      const { result, state } = await new TestSession().perform(name, { message: 'x', correlationId: 'y' });
      assert.deepEqual(result, { error: `Unknown operation: ${name ?? ''}` });
      assert.equal(state, undefined);
    });
  }
});
